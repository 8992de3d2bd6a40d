"""Tells a changed teacher from changed traffic, when audits speak against either."""

from tracer_core.stats.sequential.change_attribution import (
    ChangeAttribution,
    RepeatCounts,
    attribute_change,
)
from tracer_router.api import DriftWatch, RepeatMark, TaskCounts, TracerRevision
from tracer_router.planning.evidence.audit_totals import audit_totals
from tracer_router.planning.evidence.evidence import total
from tracer_router.planning.state.observed import Observed

__all__ = ["advance_marks", "attribute_drop", "repeat_mark"]

_ENOUGH = 100
"""Repeats after which what is lately begins anew: with too many a change is lost among
what came before it, with too few it does not show."""


def repeat_mark(revision: TracerRevision) -> RepeatMark:
    """Give the counts as they are now."""
    tasks, audits = _certified(revision), audit_totals(revision)
    return RepeatMark(
        repeats=sum(each.repeats for each in tasks),
        otherwise=sum(each.repeats_otherwise for each in tasks),
        audits=audits.total,
        disagreed=audits.disagreed,
    )


def advance_marks(watch: DriftWatch, now: RepeatMark) -> dict[str, RepeatMark]:
    """Give the marks after another batch; one to two hundred lie after the older."""
    newer = watch.newer or now
    if now.repeats - newer.repeats < _ENOUGH:
        return {"older": watch.older or newer, "newer": newer}
    return {"older": newer, "newer": now}


def attribute_drop(observed: Observed, revision: TracerRevision) -> ChangeAttribution:
    """Say what has changed under a live revision whose agreement has fallen."""
    now, watch = repeat_mark(revision), revision.status.drift
    begun = (watch.older if watch else None) or RepeatMark()
    lately = RepeatCounts(
        max(0, now.repeats - begun.repeats), max(0, now.otherwise - begun.otherwise)
    )
    before = _before(observed, revision, begun)
    return attribute_change(before, lately, _loss(observed, begun, now))


def _loss(observed: Observed, begun: RepeatMark, now: RepeatMark) -> float:
    """Give by how much agreement has fallen, over the very time of the repeats."""
    audits = now.audits - begun.audits
    if audits <= 0:
        return 0.0
    allowed = 1 - observed.router.spec.parity.target.fraction
    usual = begun.disagreed / begun.audits if begun.audits else allowed
    return (now.disagreed - begun.disagreed) / audits - usual


def _before(
    observed: Observed, revision: TracerRevision, begun: RepeatMark
) -> RepeatCounts:
    """Give what was usual: of this revision up to its mark, and of those before it."""
    names = {task.fingerprint for task in revision.status.tasks}
    earlier = [
        task
        for each in observed.revisions
        if each.spec.revision < revision.spec.revision
        for task in total(each.status.evidence).tasks
        if task.task in names
    ]
    return RepeatCounts(
        begun.repeats + sum(each.repeats for each in earlier),
        begun.otherwise + sum(each.repeats_otherwise for each in earlier),
    )


def _certified(revision: TracerRevision) -> list[TaskCounts]:
    names = {task.fingerprint for task in revision.status.tasks}
    counts = total(revision.status.evidence)
    return [each for each in counts.tasks if each.task in names]
