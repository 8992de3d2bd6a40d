"""Conditions that follow from what the pods report about themselves."""

from collections.abc import Iterable

from tracer_core.constants import OTHER_TASK
from tracer_router.api import (
    ConditionStatus,
    ConditionType,
    Reason,
    TracerRevision,
    TracerRouter,
)
from tracer_router.planning.evidence.evidence import add_totals, revision_total
from tracer_router.planning.state.observed import PodState
from tracer_router.planning.status.condition_state import ConditionState

__all__ = [
    "assess_evidence_reporting",
    "assess_teacher_reachability",
    "assess_trace_storage",
    "find_variable_field",
]

_FRAGMENTED_SHARE = 0.5
"""Share of requests in the task `other` from which the tasks are fragmented."""


def assess_teacher_reachability(
    router: TracerRouter, pods: Iterable[PodState]
) -> ConditionState:
    """Return whether the teacher answered a pod recently."""
    kind = ConditionType.TEACHER_REACHABLE
    states = [pod.evidence.teacher for pod in pods if pod.evidence]
    known = [state for state in states if state.reachable is not None]
    if not known:
        return _last_known(router, kind)
    if any(state.reachable for state in known):
        message = "the teacher answered recently"
        return ConditionState(
            kind, ConditionStatus.TRUE, Reason.TEACHER_ANSWERS, message
        )
    cause = known[0].cause or "the teacher does not answer"
    return ConditionState(
        kind, ConditionStatus.FALSE, Reason.TEACHER_UNREACHABLE, cause
    )


def assess_trace_storage(pods: Iterable[PodState]) -> ConditionState:
    """Return whether the traces that the pods record reach the store."""
    kind = ConditionType.TRACES_STORED
    reports = {pod.name: pod.evidence for pod in pods if pod.evidence}
    if not reports:
        message = "no pod has reported yet"
        return ConditionState(
            kind, ConditionStatus.UNKNOWN, Reason.NO_TRAFFIC_YET, message
        )
    for name, evidence in sorted(reports.items()):
        if evidence.capture.trouble:
            message = f"pod {name}: {evidence.capture.trouble}; requests are served"
            return ConditionState(
                kind, ConditionStatus.FALSE, Reason.TRACES_BACKLOGGED, message
            )
    message = "all pods write their traces to the store"
    return ConditionState(kind, ConditionStatus.TRUE, Reason.TRACES_STORED, message)


def assess_evidence_reporting(pods: Iterable[PodState]) -> ConditionState:
    """Return whether every ready pod answers the polls of the operator."""
    kind, pods = ConditionType.EVIDENCE_REPORTED, tuple(pods)
    ready = [pod for pod in pods if pod.ready]
    silent = [pod.name for pod in ready if pod.evidence is None]
    if silent:
        message = (
            f"no answer on the internal port from {len(silent)} of {len(ready)} ready "
            f"pods, for example {min(silent)}; allow the operator to connect. Requests "
            "are served, but no rollout decision uses the missing evidence"
        )
        return ConditionState(
            kind, ConditionStatus.FALSE, Reason.EVIDENCE_STALE, message
        )
    if not any(pod.evidence for pod in pods):
        message = "no pod is ready yet"
        return ConditionState(
            kind, ConditionStatus.UNKNOWN, Reason.NO_TRAFFIC_YET, message
        )
    message = "every ready pod reports its evidence"
    return ConditionState(kind, ConditionStatus.TRUE, Reason.EVIDENCE_FRESH, message)


def find_variable_field(
    pods: Iterable[PodState], revisions: Iterable[TracerRevision]
) -> str | None:
    """Return which request field makes too many tasks; None if the tasks are few.

    The pods create the message. It does not change while the traffic does not, so that
    a status at rest is not written again.
    """
    reasons = [
        pod.evidence.fragmentation.reason
        for pod in pods
        if pod.evidence and pod.evidence.fragmentation
    ]
    tasks = add_totals(
        revision_total(revision.status.evidence) for revision in revisions
    ).tasks
    requests = sum(task.requests for task in tasks)
    other = sum(task.requests for task in tasks if task.task == OTHER_TASK)
    if not reasons or other < _FRAGMENTED_SHARE * requests:
        return None
    return min(reasons)


def _last_known(router: TracerRouter, kind: ConditionType) -> ConditionState:
    """Return the last known state: after a restart no pod has sent a request yet."""
    for condition in router.status.conditions:
        known = condition.status is not ConditionStatus.UNKNOWN
        if condition.type == kind.value and known:
            return ConditionState(
                kind, condition.status, Reason(condition.reason), condition.message
            )
    message = "no request was sent to the teacher yet"
    return ConditionState(kind, ConditionStatus.UNKNOWN, Reason.NO_TRAFFIC_YET, message)
