"""Whether rollouts and training are on hold, and how to resume them."""

from dataclasses import dataclass

from tracer_router.api import Reason, TracerRouter
from tracer_router.planning.state.commands import is_paused

__all__ = ["Hold", "find_hold"]


@dataclass(frozen=True, slots=True)
class Hold:
    """A request of the user that no rollout step and no attempt begins.

    The live revision keeps serving, and rollback stays automatic.
    """

    reason: Reason
    """`Suspended` or `Paused`."""
    resume: str
    """What to do to resume."""

    def describe(self, candidate: int | None = None) -> str:
        """Return what is on hold and how to resume it.

        Args:
            candidate: Number of the revision that is being rolled out, if any.
        """
        held = "new training attempts"
        if candidate is not None:
            held = f"the rollout of revision {candidate} and {held}"
        return f"{self.reason.value}: {held} are on hold; {self.resume}"


def find_hold(router: TracerRouter) -> Hold | None:
    """Return what holds the rollouts and the training of a router; None if nothing."""
    if router.spec.suspend:
        return Hold(Reason.SUSPENDED, "set spec.suspend to false to resume")
    if is_paused(router):
        name = router.metadata.name
        return Hold(Reason.PAUSED, f"run `tracer-router resume {name}`")
    return None
