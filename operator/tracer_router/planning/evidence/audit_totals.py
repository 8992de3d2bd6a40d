"""What a revision's evidence says, in the words of the statistics."""

from collections.abc import Iterable

from tracer_core.stats.sequential.guards import GuardCount, GuardCounts, GuardKind
from tracer_core.stats.sequential.verdict import NO_AUDITS, AuditCounts
from tracer_router.api import (
    Baseline,
    LegCounts,
    RevisionTotals,
    TaskCounts,
    TracerRevision,
)
from tracer_router.planning.evidence.evidence import total

__all__ = [
    "audit_baseline",
    "audit_totals",
    "audit_totals_before",
    "cell_totals",
    "guard_counts",
]


def audit_totals(revision: TracerRevision) -> AuditCounts:
    """Give the audits of a revision's certified tasks, from shadow on."""
    tasks = _certified(revision, total(revision.status.evidence))
    return AuditCounts(
        agreed=sum(each.audits_agreed for each in tasks),
        disagreed=sum(each.audits_disagreed for each in tasks),
        missing=sum(each.audits_missing for each in tasks),
    )


def audit_totals_before(revision: TracerRevision) -> AuditCounts:
    """Give the audits of earlier tries."""
    earlier = revision.status.earlier
    if earlier is None:
        return NO_AUDITS
    return AuditCounts(earlier.agreed, earlier.disagreed, earlier.missing)


def cell_totals(revision: TracerRevision) -> dict[str, AuditCounts]:
    """Give the audits of each cell of the certified tasks."""
    found: dict[str, AuditCounts] = {}
    for task in _certified(revision, total(revision.status.evidence)):
        for each in task.cells:
            known = found.get(each.cell, NO_AUDITS)
            found[each.cell] = AuditCounts(
                known.agreed + each.agreed,
                known.disagreed + each.disagreed,
                known.missing + each.missing,
            )
    return found


def guard_counts(revision: TracerRevision) -> GuardCounts:
    """Give what was counted of each harm in the present try."""
    now, before = audit_baseline(revision), revision.status.earlier or Baseline()
    return {
        GuardKind.FAULTS: GuardCount(
            questions=max(0, now.questions - before.questions),
            times=max(0, now.faults - before.faults),
        ),
        GuardKind.SURROGATE_LEG: _slow(now.surrogate_leg, before.surrogate_leg),
        GuardKind.TEACHER_LEG: _slow(now.teacher_leg, before.teacher_leg),
    }


def _slow(now: LegCounts, before: LegCounts) -> GuardCount:
    return GuardCount(
        questions=max(0, now.questions - before.questions),
        times=max(0, now.slow - before.slow),
    )


def audit_baseline(revision: TracerRevision) -> Baseline:
    """Give all counts as they are now, to judge later ones from here."""
    counts, audits = total(revision.status.evidence), audit_totals(revision)
    return Baseline(
        agreed=audits.agreed,
        disagreed=audits.disagreed,
        missing=audits.missing,
        questions=sum(each.requests for each in counts.tasks),
        faults=counts.faults,
        surrogate_leg=counts.surrogate_leg,
        teacher_leg=counts.teacher_leg,
    )


def _certified(
    revision: TracerRevision, counts: RevisionTotals
) -> Iterable[TaskCounts]:
    names = {task.fingerprint for task in revision.status.tasks}
    return [each for each in counts.tasks if each.task in names]
