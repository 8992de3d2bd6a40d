"""Whether requests fall into so many tasks that none can be learnt."""

from tracer_router.api import TracerRevision
from tracer_router.constants import OTHER_TASK
from tracer_router.planning.evidence import add_up, total
from tracer_router.planning.observed import Observed

__all__ = ["fragmented_by"]

_MOST = 0.5
"""Share of the questions in `other` from which the traffic is fragmented."""


def fragmented_by(
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
