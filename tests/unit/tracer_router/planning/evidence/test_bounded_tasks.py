"""The tasks of many pods fit into a status, although pods observe different tasks."""

from tracer_core.constants import OTHER_TASK
from tracer_core.contracts.evidence import Evidence, TaskEvidence
from tracer_router.api import RevisionTotals
from tracer_router.planning.evidence.evidence import (
    add_totals,
    fold_evidence,
    revision_total,
)
from tracer_router.planning.state.observed import PodState

OWN = 64 * 65 // 2
"""Number of requests of the tasks that only one pod has observed."""


def pod(number: int) -> PodState:
    tasks = [TaskEvidence(task=f"{number}-{n}", requests=n + 1) for n in range(64)]
    certified = TaskEvidence(task="certified", requests=1, audits_admitted=1)
    other = TaskEvidence(task=OTHER_TASK, requests=1000)
    boot = Evidence(revision=1, boot=str(number), tasks=(certified, *tasks, other))
    return PodState(str(number), 1, ready=True, evidence=boot)


def requests(counts: RevisionTotals) -> dict[str, int]:
    return {task.task: task.requests for task in counts.tasks}


def test_the_smallest_tasks_beyond_the_limit_are_counted_together() -> None:
    tasks = requests(revision_total(fold_evidence(None, [pod(1), pod(2)])))
    assert len(tasks) == 65
    assert tasks["certified"] == 2
    assert tasks[OTHER_TASK] > 2000
    assert sum(tasks.values()) == 2 * (OWN + 1001)


def test_no_request_is_lost_when_pods_are_replaced() -> None:
    evidence = None
    for number in range(5):
        evidence = fold_evidence(evidence, [pod(number)])
    tasks = requests(revision_total(evidence))
    assert len(tasks) == 65
    assert tasks["certified"] == 5
    assert sum(tasks.values()) == 5 * (OWN + 1001)


def test_few_tasks_are_all_kept() -> None:
    counts = add_totals([RevisionTotals(), RevisionTotals()])
    assert counts.tasks == ()
