"""The sum of the counters of all pods of a revision; nothing is counted twice.

Counters of running pod processes are stored separately. When a process ends, the last
counters that were read are added to `retired` once, and later reports of the process
are ignored. Audits that were open at that time count as missing. Counters after the
last poll of a process are lost: at most those of one interval between polls.
"""

from collections.abc import Iterable
from typing import Final

from tracer_core.constants import OTHER_TASK
from tracer_core.contracts.counters import (
    CellCounters,
    RequestCounters,
    RevisionCounters,
    TaskCounters,
    add_counters,
    copy_counters,
)
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
    RevisionCounts,
    RevisionTotals,
    TaskCounts,
)
from tracer_router.planning.state.observed import PodState

__all__ = ["add_totals", "fold_evidence", "revision_total"]

_MAX_ENDED: Final = 250
"""Number of stored IDs of ended processes. A pod that was unreachable and responds
again is rare."""
_MAX_TASKS: Final = 64
"""Number of tasks in a status, in addition to `other`."""


def fold_evidence(
    before: EvidenceStatus | None, pods: Iterable[PodState]
) -> EvidenceStatus:
    """Return the evidence of a revision after one poll of its pods.

    A pod that did not respond keeps its last counters while it exists.

    Args:
        before: The evidence before the poll.
        pods: The pods with their reports.
    """
    before = before or EvidenceStatus()
    pods = tuple(pods)
    ignored = set(before.ended)
    reported = {
        pod.evidence.boot: BootCounts(
            boot=pod.evidence.boot, pod=pod.name, counts=_revision_counts(pod.evidence)
        )
        for pod in pods
        if pod.evidence and pod.evidence.boot not in ignored
    }
    silent = {pod.name for pod in pods if pod.evidence is None}
    kept: dict[str, BootCounts] = {}
    ended: list[BootCounts] = []
    for boot in before.boots:
        if boot.boot in reported:
            continue
        if boot.pod in silent:
            kept[boot.boot] = boot
        else:
            ended.append(boot)
    live = kept | reported
    ended_ids = (*before.ended, *(boot.boot for boot in ended))
    return EvidenceStatus(
        retired=_add_revision_counts(
            [before.retired, *(_close_audits(boot.counts) for boot in ended)]
        ),
        boots=tuple(live[boot] for boot in sorted(live)),
        ended=ended_ids[-_MAX_ENDED:],
    )


def revision_total(evidence: EvidenceStatus | None) -> RevisionCounts:
    """Return all counters of a revision: of ended and of running processes."""
    if evidence is None:
        return RevisionCounts()
    live = (boot.counts for boot in evidence.boots)
    return _add_revision_counts([evidence.retired, *live])


def add_totals(totals: Iterable[RevisionTotals]) -> RevisionTotals:
    """Return the sum of counters, over all tasks and by task."""
    totals = tuple(totals)
    return RevisionTotals(
        tasks=_add_by_task(totals), **add_counters(RequestCounters, totals)
    )


def _add_revision_counts(counts: Iterable[RevisionCounts]) -> RevisionCounts:
    counts = tuple(counts)
    return RevisionCounts(
        tasks=_add_by_task(counts), **add_counters(RevisionCounters, counts)
    )


def _add_by_task(totals: Iterable[RevisionTotals]) -> tuple[TaskCounts, ...]:
    by_task: dict[str, list[TaskCounts]] = {}
    for counts in totals:
        for task in counts.tasks:
            by_task.setdefault(task.task, []).append(task)
    return _limit_tasks(_add_tasks(name, by_task[name]) for name in sorted(by_task))


def _close_audits(counts: RevisionCounts) -> RevisionCounts:
    """Return the counters of an ended process: its open audits have no result."""
    tasks = tuple(_close_task_audits(task) for task in counts.tasks)
    return counts.model_copy(update={"tasks": tasks})


def _close_task_audits(task: TaskCounts) -> TaskCounts:
    completed = task.audits_agreed + task.audits_disagreed
    missing = max(task.audits_missing, task.audits_admitted - completed)
    return task.model_copy(update={"audits_missing": missing})


def _limit_tasks(tasks: Iterable[TaskCounts]) -> tuple[TaskCounts, ...]:
    """Return the tasks with the smallest beyond the limit added to `other`.

    Pods observe different tasks, and a status has a size limit. Tasks with audits come
    first, because a certificate depends on them.
    """
    ranked = sorted(tasks, key=_task_rank, reverse=True)
    kept = [task for task in ranked if task.task != OTHER_TASK][:_MAX_TASKS]
    names = {task.task for task in kept}
    rest = [task for task in ranked if task.task not in names]
    if rest:
        kept.append(_add_tasks(OTHER_TASK, rest))
    return tuple(sorted(kept, key=lambda task: task.task))


def _task_rank(task: TaskCounts) -> tuple[int, int, int, str]:
    return (task.audits_admitted, task.uniform_labelled, task.requests, task.task)


def _add_tasks(name: str, tasks: list[TaskCounts]) -> TaskCounts:
    cells = _add_cells(cell for task in tasks for cell in task.cells)
    return TaskCounts(task=name, cells=cells, **add_counters(TaskCounters, tasks))


def _add_cells(cells: Iterable[CellCounts]) -> tuple[CellCounts, ...]:
    by_name: dict[str, list[CellCounts]] = {}
    for cell in cells:
        by_name.setdefault(cell.cell, []).append(cell)
    return _limit_cells([_add_cell(name, by_name[name]) for name in by_name])


def _add_cell(name: str, cells: Iterable[CellCounts]) -> CellCounts:
    return CellCounts(cell=name, **add_counters(CellCounters, cells))


def _limit_cells(cells: list[CellCounts]) -> tuple[CellCounts, ...]:
    """Return the cells with the least audited beyond the limit added together."""
    named = [cell for cell in cells if cell.cell != OTHER_CELLS]
    named.sort(key=lambda cell: (-_audits(cell), cell.cell))
    rest = [*named[MAX_CELLS:], *(cell for cell in cells if cell.cell == OTHER_CELLS)]
    kept = named[:MAX_CELLS]
    if rest:
        kept.append(_add_cell(OTHER_CELLS, rest))
    return tuple(sorted(kept, key=lambda cell: cell.cell))


def _audits(cell: CellCounts) -> int:
    return cell.agreed + cell.disagreed + cell.missing


def _revision_counts(evidence: Evidence) -> RevisionCounts:
    return RevisionCounts(
        tasks=_limit_tasks(_task_counts(task) for task in evidence.tasks),
        **copy_counters(RevisionCounters, evidence.requests),
    )


def _task_counts(task: TaskEvidence) -> TaskCounts:
    cells = tuple(
        CellCounts(cell=cell.cell, **copy_counters(CellCounters, cell))
        for cell in task.cells
    )
    return TaskCounts(task=task.task, cells=cells, **copy_counters(TaskCounters, task))
