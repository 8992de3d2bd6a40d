"""The evidence of a revision in the terms of the statistics: audits and guards."""

from collections.abc import Iterable

from tracer_core.contracts.counters import (
    GuardCounters,
    LegCounters,
    copy_counters,
    subtract_counters,
)
from tracer_core.stats.sequential.guards import GuardCount, GuardCounts, GuardKind
from tracer_core.stats.sequential.verdict import NO_AUDITS, AuditCounts
from tracer_router.api import Baseline, RevisionTotals, TaskCounts, TracerRevision
from tracer_router.planning.evidence.evidence import revision_total

__all__ = [
    "audit_baseline",
    "audit_totals",
    "audit_totals_before",
    "cell_totals",
    "guard_counts",
]


def audit_totals(revision: TracerRevision) -> AuditCounts:
    """Return the audits of the certified tasks of a revision, including the shadow."""
    tasks = _certified_tasks(revision, revision_total(revision.status.evidence))
    return AuditCounts(
        agreed=sum(task.audits_agreed for task in tasks),
        disagreed=sum(task.audits_disagreed for task in tasks),
        missing=sum(task.audits_missing for task in tasks),
    )


def audit_totals_before(revision: TracerRevision) -> AuditCounts:
    """Return the audits of earlier rollouts of a revision."""
    earlier = revision.status.earlier
    if earlier is None:
        return NO_AUDITS
    return AuditCounts(earlier.agreed, earlier.disagreed, earlier.missing)


def cell_totals(revision: TracerRevision) -> dict[str, AuditCounts]:
    """Return the audits of each cell of the certified tasks."""
    totals: dict[str, AuditCounts] = {}
    for task in _certified_tasks(revision, revision_total(revision.status.evidence)):
        for cell in task.cells:
            known = totals.get(cell.cell, NO_AUDITS)
            totals[cell.cell] = AuditCounts(
                known.agreed + cell.agreed,
                known.disagreed + cell.disagreed,
                known.missing + cell.missing,
            )
    return totals


def guard_counts(revision: TracerRevision) -> GuardCounts:
    """Return the counts of each guard in the current rollout."""
    now, before = audit_baseline(revision), revision.status.earlier or Baseline()
    questions = max(0, now.questions - before.questions)
    counters = subtract_counters(GuardCounters, now, before)
    return {
        guard: _guard_count(counters[guard.counter], questions) for guard in GuardKind
    }


def _guard_count(counter: int | LegCounters, questions: int) -> GuardCount:
    if isinstance(counter, LegCounters):
        return GuardCount(questions=counter.questions, times=counter.slow)
    return GuardCount(questions=questions, times=counter)


def audit_baseline(revision: TracerRevision) -> Baseline:
    """Return the current counters, from which later counters are judged."""
    counts, audits = revision_total(revision.status.evidence), audit_totals(revision)
    return Baseline(
        agreed=audits.agreed,
        disagreed=audits.disagreed,
        missing=audits.missing,
        questions=sum(task.requests for task in counts.tasks),
        **copy_counters(GuardCounters, counts),
    )


def _certified_tasks(
    revision: TracerRevision, totals: RevisionTotals
) -> Iterable[TaskCounts]:
    names = {task.fingerprint for task in revision.status.tasks}
    return [task for task in totals.tasks if task.task in names]
