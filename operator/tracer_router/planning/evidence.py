"""Adds up what the pods of a revision have counted: never twice, nothing lost.

Counts of live boots are kept apart; the last counts of a boot that ended are retired.
"""

from collections.abc import Iterable
from decimal import Decimal

from tracer_router.api import BootCounts, Counts, EvidenceStatus, TaskCounts
from tracer_router.contracts.evidence import Evidence, TaskEvidence
from tracer_router.planning.observed import PodState

__all__ = ["add_up", "fold_evidence", "total"]


def fold_evidence(
    before: EvidenceStatus | None, pods: Iterable[PodState]
) -> EvidenceStatus:
    """Give the evidence of a revision after one poll of its pods.

    A pod that did not answer keeps its last counts while it exists.
    """
    before = before or EvidenceStatus()
    pods = tuple(pods)
    reported = {
        pod.evidence.boot: BootCounts(
            boot=pod.evidence.boot, pod=pod.name, counts=_counts(pod.evidence)
        )
        for pod in pods
        if pod.evidence
    }
    silent = {pod.name for pod in pods if pod.evidence is None}
    kept, ended = {}, []
    for each in before.boots:
        if each.boot in reported:
            continue
        if each.pod in silent:
            kept[each.boot] = each
        else:
            ended.append(each.counts)
    live = kept | reported
    return EvidenceStatus(
        retired=add_up([before.retired, *ended]),
        boots=tuple(live[boot] for boot in sorted(live)),
    )


def total(evidence: EvidenceStatus | None) -> Counts:
    """Give all counts of a revision: retired and live."""
    if evidence is None:
        return Counts()
    return add_up([evidence.retired, *(each.counts for each in evidence.boots)])


def add_up(counts: Iterable[Counts]) -> Counts:
    """Add counts, and the counts of each task."""
    counts = tuple(counts)
    by_task: dict[str, list[TaskCounts]] = {}
    for each in counts:
        for task in each.tasks:
            by_task.setdefault(task.task, []).append(task)
    tasks = tuple(_add_tasks(name, by_task[name]) for name in sorted(by_task))
    fields = set(Counts.model_fields) - {"tasks"}
    sums = {name: sum(getattr(each, name) for each in counts) for name in fields}
    return Counts(tasks=tasks, **sums)


def _add_tasks(name: str, counts: list[TaskCounts]) -> TaskCounts:
    money = {"cost_saved", "cost_teacher"}
    whole = set(TaskCounts.model_fields) - money - {"task", "labels"}
    sums = {field: sum(getattr(each, field) for each in counts) for field in whole}
    costs = {
        field: str(sum(Decimal(getattr(each, field)) for each in counts))
        for field in money
    }
    # The same labels are seen by many pods: a sum would count them twice.
    most = max(each.labels for each in counts)
    return TaskCounts(task=name, labels=most, **sums, **costs)


def _counts(evidence: Evidence) -> Counts:
    requests = evidence.requests
    return Counts(
        requests=requests.requests,
        surrogate=requests.surrogate,
        teacher=requests.teacher,
        failed=requests.failed,
        traces_written=requests.traces_written,
        traces_dropped=requests.traces_dropped,
        tasks=tuple(map(_task, sorted(evidence.tasks, key=lambda each: each.task))),
    )


def _task(task: TaskEvidence) -> TaskCounts:
    fields = set(TaskCounts.model_fields) - {"cost_saved", "cost_teacher"}
    return TaskCounts(
        **{name: getattr(task, name) for name in fields},
        cost_saved=f"{task.cost_saved:.6f}",
        cost_teacher=f"{task.cost_teacher:.6f}",
    )
