"""Which revision is stable, which is the candidate, and which is in training."""

from collections.abc import Iterable
from dataclasses import dataclass

from tracer_router.api import RevisionPhase, TracerRevision

__all__ = ["RevisionRoles", "assign_roles"]


@dataclass(frozen=True, slots=True)
class RevisionRoles:
    """The role of each revision that has one."""

    stable: int
    """The revision that serves: the newest live one, or else the pass-through."""
    candidate: TracerRevision | None = None
    """The certified revision that is in shadow or takes a part of the traffic."""
    training: TracerRevision | None = None
    """The attempt whose Job runs."""

    @property
    def settled(self) -> bool:
        """Whether no revision is in training or rolled out."""
        return self.candidate is None and self.training is None


def assign_roles(revisions: Iterable[TracerRevision]) -> RevisionRoles:
    """Return the roles that follow from the phases of the revisions."""
    by_phase: dict[RevisionPhase, TracerRevision] = {}
    for revision in sorted(revisions, key=lambda found: found.spec.revision):
        by_phase[revision.status.phase or RevisionPhase.PASSTHROUGH] = revision
    live = by_phase.get(RevisionPhase.LIVE)
    return RevisionRoles(
        stable=live.spec.revision if live else 0,
        candidate=by_phase.get(
            RevisionPhase.CANARY, by_phase.get(RevisionPhase.SHADOW)
        ),
        training=by_phase.get(RevisionPhase.TRAINING),
    )
