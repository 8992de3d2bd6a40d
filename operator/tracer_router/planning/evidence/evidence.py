"""Adds up what the pods of a revision have counted: never twice.

Counts of live boots are kept apart by boot; when a boot has ended, the last counts that
were read are retired, once, and it is not listened to any more. Audits that were open
then count as missing. What a pod counted after the last reading is lost: at most what
happens between two readings.
"""

from collections.abc import Iterable
from decimal import Decimal

from tracer_core.constants import OTHER_TASK
from tracer_core.contracts.evidence import (
    MAX_CELLS,
    OTHER_CELLS,
    Evidence,
    TaskEvidence,
)
from tracer_router.api import (
    BootCounts,
    CellCounts,
    EvidenceStatus,
    LegCounts,
    RevisionCounts,
    RevisionTotals,
    TaskCounts,
)
from tracer_router.planning.state.observed import PodState

__all__ = ["add_up", "fold_evidence", "total"]

_MONEY = frozenset(
    {
        *("cost_audits", "cost_cached", "cost_correction", "cost_saved"),
        *("cost_spread", "cost_teacher"),
    }
)
_OF_REVISION = frozenset({"cached", "diverted", "refused"})
_ZERO = Decimal(0)
_REMEMBERED = 250
"""Ended boots that are still recognised; a pod that was merely out of sight is rare."""
_MOST_TASKS = 64
"""Beside `other`; as many as a status may hold."""


def fold_evidence(
    before: EvidenceStatus | None, pods: Iterable[PodState]
) -> EvidenceStatus:
    """Give the evidence of a revision after one poll of its pods.

    A pod that did not answer keeps its last counts while it exists.
    """
    before = before or EvidenceStatus()
    pods = tuple(pods)
    deaf = set(before.ended)
    reported = {
        pod.evidence.boot: BootCounts(
            boot=pod.evidence.boot, pod=pod.name, counts=_counts(pod.evidence)
        )
        for pod in pods
        if pod.evidence and pod.evidence.boot not in deaf
    }
    silent = {pod.name for pod in pods if pod.evidence is None}
    kept: dict[str, BootCounts] = {}
    ended: list[BootCounts] = []
    for each in before.boots:
        if each.boot in reported:
            continue
        if each.pod in silent:
            kept[each.boot] = each
        else:
            ended.append(each)
    live = kept | reported
    gone = (*before.ended, *(each.boot for each in ended))
    return EvidenceStatus(
        retired=_add_up_revision(
            [before.retired, *(_retired(each.counts) for each in ended)]
        ),
        boots=tuple(live[boot] for boot in sorted(live)),
        ended=gone[-_REMEMBERED:],
    )


def total(evidence: EvidenceStatus | None) -> RevisionCounts:
    """Give all counts of a revision: retired and live."""
    if evidence is None:
        return RevisionCounts()
    live = (each.counts for each in evidence.boots)
    return _add_up_revision([evidence.retired, *live])


def add_up(counts: Iterable[RevisionTotals]) -> RevisionTotals:
    """Add counts, and the counts of each task."""
    counts = tuple(counts)
    by_task: dict[str, list[TaskCounts]] = {}
    for each in counts:
        for task in each.tasks:
            by_task.setdefault(task.task, []).append(task)
    tasks = _bounded(_add_tasks(name, by_task[name]) for name in sorted(by_task))
    fields = set(RevisionTotals.model_fields) - {"tasks", "cost_embeddings"}
    sums = {name: sum(getattr(each, name) for each in counts) for name in fields}
    embeddings = sum((Decimal(each.cost_embeddings) for each in counts), _ZERO)
    return RevisionTotals(tasks=tasks, cost_embeddings=_text(embeddings), **sums)


def _add_up_revision(counts: Iterable[RevisionCounts]) -> RevisionCounts:
    counts = tuple(counts)
    sums = {name: sum(getattr(each, name) for each in counts) for name in _OF_REVISION}
    return RevisionCounts(
        **dict(add_up(counts)),
        **sums,
        surrogate_leg=_add_legs(each.surrogate_leg for each in counts),
        teacher_leg=_add_legs(each.teacher_leg for each in counts),
    )


def _add_legs(legs: Iterable[LegCounts]) -> LegCounts:
    legs = tuple(legs)
    return LegCounts(
        questions=sum(each.questions for each in legs),
        slow=sum(each.slow for each in legs),
    )


def _retired(counts: RevisionCounts) -> RevisionCounts:
    """Give the counts of a boot that ended: its open audits will never be known."""
    return counts.model_copy(update={"tasks": tuple(map(_closed, counts.tasks))})


def _closed(task: TaskCounts) -> TaskCounts:
    known = task.audits_agreed + task.audits_disagreed
    missing = max(task.audits_missing, task.audits_admitted - known)
    return task.model_copy(update={"audits_missing": missing})


def _bounded(tasks: Iterable[TaskCounts]) -> tuple[TaskCounts, ...]:
    """Put the least of too many tasks into `other`; pods see different ones.

    A status has a limit. What was audited is promised about, so it comes first.
    """
    ranked = sorted(tasks, key=_rank, reverse=True)
    kept = [each for each in ranked if each.task != OTHER_TASK][:_MOST_TASKS]
    names = {each.task for each in kept}
    rest = [each for each in ranked if each.task not in names]
    if rest:
        kept.append(_add_tasks(OTHER_TASK, rest))
    return tuple(sorted(kept, key=lambda each: each.task))


def _rank(task: TaskCounts) -> tuple[int, int, int, str]:
    return (task.audits_admitted, task.uniform_labelled, task.requests, task.task)


def _add_tasks(name: str, counts: list[TaskCounts]) -> TaskCounts:
    whole = set(TaskCounts.model_fields) - _MONEY - {"task", "labels", "cells"}
    sums = {field: sum(getattr(each, field) for each in counts) for field in whole}
    costs = {
        field: _text(sum((Decimal(getattr(each, field)) for each in counts), _ZERO))
        for field in _MONEY
    }
    # The same labels are seen by many pods: a sum would count them twice.
    most = max(each.labels for each in counts)
    cells = _add_cells(cell for each in counts for cell in each.cells)
    return TaskCounts(task=name, labels=most, cells=cells, **sums, **costs)


def _add_cells(counts: Iterable[CellCounts]) -> tuple[CellCounts, ...]:
    sums: dict[str, CellCounts] = {}
    for each in counts:
        known = sums.get(each.cell, CellCounts(cell=each.cell))
        sums[each.cell] = CellCounts(
            cell=each.cell,
            agreed=known.agreed + each.agreed,
            disagreed=known.disagreed + each.disagreed,
            missing=known.missing + each.missing,
        )
    return _bounded_cells(sums)


def _bounded_cells(cells: dict[str, CellCounts]) -> tuple[CellCounts, ...]:
    """Put the least audited of too many cells together; pods count different ones."""
    named = [each for each in cells.values() if each.cell != OTHER_CELLS]
    named.sort(key=lambda each: (-_audits(each), each.cell))
    rest = [*named[MAX_CELLS:], *(e for e in cells.values() if e.cell == OTHER_CELLS)]
    kept = named[:MAX_CELLS]
    if rest:
        other = CellCounts(
            cell=OTHER_CELLS,
            agreed=sum(each.agreed for each in rest),
            disagreed=sum(each.disagreed for each in rest),
            missing=sum(each.missing for each in rest),
        )
        kept.append(other)
    return tuple(sorted(kept, key=lambda each: each.cell))


def _audits(cell: CellCounts) -> int:
    return cell.agreed + cell.disagreed + cell.missing


def _counts(evidence: Evidence) -> RevisionCounts:
    requests = evidence.requests
    return RevisionCounts(
        requests=requests.requests,
        surrogate=requests.surrogate,
        teacher=requests.teacher,
        failed=requests.failed,
        faults=requests.faults,
        traces_written=requests.traces_written,
        traces_dropped=requests.traces_dropped,
        cost_embeddings=_text(requests.cost_embeddings),
        tasks=_bounded(map(_task, evidence.tasks)),
        cached=requests.cached,
        diverted=requests.diverted,
        refused=requests.refused,
        surrogate_leg=LegCounts(**dict(requests.surrogate_leg)),
        teacher_leg=LegCounts(**dict(requests.teacher_leg)),
    )


def _task(task: TaskEvidence) -> TaskCounts:
    fields = set(TaskCounts.model_fields) - _MONEY - {"cells"}
    return TaskCounts(
        **{name: getattr(task, name) for name in fields},
        cells=tuple(CellCounts(**dict(each)) for each in task.cells),
        **{name: _text(Decimal(str(getattr(task, name)))) for name in _MONEY},
    )


def _text(amount: Decimal) -> str:
    """Give a decimal without an exponent, exactly."""
    return f"{amount:f}"
