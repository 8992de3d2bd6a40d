"""What pods report about themselves, as conditions of the router."""

from tracer_core.constants import OTHER_TASK
from tracer_router.api import ConditionStatus, ConditionType, Reason, TracerRevision
from tracer_router.planning.evidence.evidence import add_up, total
from tracer_router.planning.state.observed import Observed

__all__ = ["State", "evidence_reported", "most_variable_field", "traces_stored"]

State = tuple[ConditionType, ConditionStatus, Reason, str]
"""A condition without its times."""


def traces_stored(observed: Observed) -> State:
    """Say whether what the pods record gets into the store."""
    kind = ConditionType.TRACES_STORED
    reports = {pod.name: pod.evidence for pod in observed.pods if pod.evidence}
    if not reports:
        message = "no pod has reported yet"
        return kind, ConditionStatus.UNKNOWN, Reason.NO_TRAFFIC_YET, message
    for name, evidence in sorted(reports.items()):
        if evidence.capture.trouble:
            message = f"pod {name}: {evidence.capture.trouble}; requests are served"
            return kind, ConditionStatus.FALSE, Reason.TRACES_BACKLOGGED, message
    message = "traces reach the store"
    return kind, ConditionStatus.TRUE, Reason.TRACES_STORED, message


def evidence_reported(observed: Observed) -> State:
    """Say whether every ready pod answers the polls of the operator."""
    kind = ConditionType.EVIDENCE_REPORTED
    silent = [pod.name for pod in observed.pods if pod.ready and pod.evidence is None]
    if silent:
        message = (
            f"{len(silent)} ready pods do not answer on their internal port, such as"
            f" {min(silent)}: let the operator reach it; requests are served, but no"
            " verdict is given on what is not seen"
        )
        return kind, ConditionStatus.FALSE, Reason.EVIDENCE_STALE, message
    if not any(pod.evidence for pod in observed.pods):
        message = "no pod is ready yet"
        return kind, ConditionStatus.UNKNOWN, Reason.NO_TRAFFIC_YET, message
    message = "every ready pod answers"
    return kind, ConditionStatus.TRUE, Reason.EVIDENCE_FRESH, message


_MOST = 0.5
"""Share of the questions in `other` from which the traffic is fragmented."""


def most_variable_field(
    observed: Observed, revisions: tuple[TracerRevision, ...]
) -> str | None:
    """Say which field makes too many tasks; None while most questions have their own.

    The words are the pods'; they stay the same while the traffic does, so that a status
    at rest is not written again.
    """
    reasons = [
        pod.evidence.fragmentation.reason
        for pod in observed.pods
        if pod.evidence and pod.evidence.fragmentation
    ]
    tasks = add_up(total(each.status.evidence) for each in revisions).tasks
    other = sum(each.requests for each in tasks if each.task == OTHER_TASK)
    if not reasons or other < _MOST * sum(each.requests for each in tasks):
        return None
    return min(reasons)
