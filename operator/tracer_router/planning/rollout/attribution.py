"""Whether teacher or traffic changed when the agreement of a revision dropped."""

from collections.abc import Iterable

from tracer_core.stats.sequential.change_attribution import (
    ChangeAttribution,
    RepeatCounts,
    attribute_change,
)
from tracer_router.api import DriftWatch, RepeatMark, TaskCounts, TracerRevision
from tracer_router.planning.evidence.audit_totals import audit_totals
from tracer_router.planning.evidence.evidence import revision_total

__all__ = ["advance_marks", "attribute_drop", "repeat_mark"]

_REPEATS_PER_MARK = 100
"""Repeated inputs after which the recent period begins again. With more, a change is
hidden by the counts before it. With fewer, it is not detectable."""


def repeat_mark(revision: TracerRevision) -> RepeatMark:
    """Return the present counts of repeated inputs and of audits."""
    tasks, audits = _certified_tasks(revision), audit_totals(revision)
    return RepeatMark(
        repeats=sum(task.repeats for task in tasks),
        otherwise=sum(task.repeats_otherwise for task in tasks),
        audits=audits.total,
        disagreed=audits.disagreed,
    )


def advance_marks(watch: DriftWatch, now: RepeatMark) -> dict[str, RepeatMark]:
    """Return the marks after a batch; 100 to 200 repeats follow the older mark."""
    newer = watch.newer or now
    if now.repeats - newer.repeats < _REPEATS_PER_MARK:
        return {"older": watch.older or newer, "newer": newer}
    return {"older": newer, "newer": now}


def attribute_drop(
    revisions: Iterable[TracerRevision], revision: TracerRevision, target: float
) -> ChangeAttribution:
    """Return what changed while the agreement of a live revision dropped.

    Args:
        revisions: All revisions of the router.
        revision: The live revision, with its marks before the present batch.
        target: The agreement that the spec requires, in [0, 1].
    """
    now, watch = repeat_mark(revision), revision.status.drift
    mark = (watch.older if watch else None) or RepeatMark()
    recent = RepeatCounts(
        max(0, now.repeats - mark.repeats), max(0, now.otherwise - mark.otherwise)
    )
    before = _count_before(revisions, revision, mark)
    return attribute_change(before, recent, _lost_agreement(mark, now, target))


def _lost_agreement(mark: RepeatMark, now: RepeatMark, target: float) -> float:
    """Return by how much agreement dropped, in the same period as the repeats."""
    audits = now.audits - mark.audits
    if audits <= 0:
        return 0.0
    usual = mark.disagreed / mark.audits if mark.audits else 1 - target
    return (now.disagreed - mark.disagreed) / audits - usual


def _count_before(
    revisions: Iterable[TracerRevision], revision: TracerRevision, mark: RepeatMark
) -> RepeatCounts:
    """Return the repeats of this revision up to its mark, and of earlier revisions."""
    names = {task.fingerprint for task in revision.status.tasks}
    earlier = [
        task
        for other in revisions
        if other.spec.revision < revision.spec.revision
        for task in revision_total(other.status.evidence).tasks
        if task.task in names
    ]
    return RepeatCounts(
        mark.repeats + sum(task.repeats for task in earlier),
        mark.otherwise + sum(task.repeats_otherwise for task in earlier),
    )


def _certified_tasks(revision: TracerRevision) -> list[TaskCounts]:
    names = {task.fingerprint for task in revision.status.tasks}
    tasks = revision_total(revision.status.evidence).tasks
    return [task for task in tasks if task.task in names]
