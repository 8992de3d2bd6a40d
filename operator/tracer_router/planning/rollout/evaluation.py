"""The result of evaluating the evidence of one revision."""

from dataclasses import dataclass
from datetime import datetime

from tracer_router.api import RevisionPhase, TracerRevision
from tracer_router.planning.rollout.transitions import enter_phase

__all__ = ["Evaluation", "end_revision"]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A revision after its evidence was evaluated."""

    revision: TracerRevision
    missing: str = ""
    """What is missing for the next step, for the status of the router."""


def end_revision(
    revision: TracerRevision, phase: RevisionPhase, reason: str, now: datetime
) -> Evaluation:
    """Return the evaluation of a revision that ends in a phase."""
    return Evaluation(enter_phase(revision, phase, reason, now), reason)
