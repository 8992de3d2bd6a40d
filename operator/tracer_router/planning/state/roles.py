"""Which revision is stable, which is the candidate, which still trains."""

from collections.abc import Iterable
from dataclasses import dataclass

from tracer_router.api import RevisionPhase, TracerRevision

__all__ = ["RevisionRoles", "assign_roles"]


@dataclass(frozen=True, slots=True)
class RevisionRoles:
    """The part that each revision plays."""

    stable: int
    """The revision that serves: the newest live one, else the pass-through."""
    candidate: TracerRevision | None = None
    """The certified revision that is being rolled out, or is in shadow."""
    training: TracerRevision | None = None
    """The attempt whose Job runs."""


def assign_roles(revisions: Iterable[TracerRevision]) -> RevisionRoles:
    """Read the roles off the phases."""
    by_phase: dict[RevisionPhase, TracerRevision] = {}
    for each in sorted(revisions, key=lambda one: one.spec.revision):
        by_phase[each.status.phase or RevisionPhase.PASSTHROUGH] = each
    live = by_phase.get(RevisionPhase.LIVE)
    return RevisionRoles(
        stable=live.spec.revision if live else 0,
        candidate=by_phase.get(
            RevisionPhase.CANARY, by_phase.get(RevisionPhase.SHADOW)
        ),
        training=by_phase.get(RevisionPhase.TRAINING),
    )
