"""The Events that follow from changes of the revisions."""

from tracer_router.api import (
    Reason,
    RevisionPhase,
    TracerRevision,
    TracerRevisionStatus,
)
from tracer_router.planning.state.plan import EventRecord, EventType

__all__ = ["plan_events"]

_CAUSES = {Reason.TEACHER_CHANGED, Reason.INPUTS_CHANGED}
"""Causes of a rollback that have an Event of their own."""
_FAILED = frozenset({RevisionPhase.REJECTED, RevisionPhase.ROLLED_BACK})
"""Phases whose Event is a warning."""


def plan_events(
    before: tuple[TracerRevision, ...], after: tuple[TracerRevision, ...]
) -> tuple[EventRecord, ...]:
    """Return an Event for every new phase, step, cause, and closed cell.

    Args:
        before: The revisions as they were observed.
        after: The revisions with the status to write.
    """
    known = {revision.spec.revision: revision.status for revision in before}
    events: list[EventRecord] = []
    for revision in after:
        number = revision.spec.revision
        old = known.get(number, TracerRevisionStatus())
        events += _phase_events(number, old, revision.status)
        events += _cell_events(number, old, revision.status)
    return tuple(events)


def _phase_events(
    number: int, old: TracerRevisionStatus, new: TracerRevisionStatus
) -> list[EventRecord]:
    events = []
    reason = f": {new.reason}" if new.reason else ""
    changed = (old.phase, old.rollout_step) != (new.phase, new.rollout_step)
    if changed and new.phase is not None:
        step = "" if new.rollout_step is None else f", step {new.rollout_step + 1}"
        message = f"revision {number}: {new.phase}{step}{reason}"
        kind = EventType.WARNING if new.phase in _FAILED else EventType.NORMAL
        events.append(EventRecord(new.phase.value, message, kind))
    if new.cause in _CAUSES and new.cause != old.cause:
        message = f"revision {number}{reason}"
        events.append(EventRecord(new.cause, message, EventType.WARNING))
    return events


def _cell_events(
    number: int, old: TracerRevisionStatus, new: TracerRevisionStatus
) -> list[EventRecord]:
    return [
        EventRecord(
            "CellClosed",
            f"revision {number}: cell {cell.cell!r} was returned to the teacher: "
            f"{cell.reason}",
            EventType.WARNING,
        )
        for cell in new.closed[len(old.closed) :]
    ]
