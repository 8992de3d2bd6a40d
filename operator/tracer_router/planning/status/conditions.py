"""All conditions of a router that was reconciled."""

from datetime import datetime

from tracer_router.api import ConditionStatus, ConditionType, Reason, TracerRevision
from tracer_router.planning.rollout.candidate import is_overdue
from tracer_router.planning.state.holds import find_hold
from tracer_router.planning.state.observed import Observed
from tracer_router.planning.state.roles import RevisionRoles
from tracer_router.planning.status.certification import assess_certification
from tracer_router.planning.status.condition_state import ConditionState
from tracer_router.planning.status.reporting import (
    assess_evidence_reporting,
    assess_teacher_reachability,
    assess_trace_storage,
)
from tracer_router.planning.status.route import assess_route

__all__ = ["assess_conditions"]


def assess_conditions(
    observed: Observed,
    revisions: tuple[TracerRevision, ...],
    roles: RevisionRoles,
    missing: str,
    now: datetime,
) -> tuple[ConditionState, ...]:
    """Return every condition of a router that was reconciled.

    Args:
        observed: The observed state.
        revisions: The revisions after this reconcile's evaluation.
        roles: The roles of these revisions.
        missing: What is missing for the next step.
        now: The present time.
    """
    router, pods = observed.router, observed.pods
    route = assess_route(router, observed.children)
    status, reason, message = _reconciling(observed, roles, missing, route, now)
    return (
        _ready(observed, roles, route),
        ConditionState(ConditionType.RECONCILING, status, reason, message),
        ConditionState(
            ConditionType.STALLED,
            ConditionStatus.FALSE,
            Reason.UP_TO_DATE,
            "No manual action required",
        ),
        assess_teacher_reachability(router, pods),
        assess_certification(observed, revisions, missing),
        assess_trace_storage(pods),
        assess_evidence_reporting(pods),
        route,
    )


def _ready(
    observed: Observed, roles: RevisionRoles, route: ConditionState
) -> ConditionState:
    kind = ConditionType.READY
    if not any(pod.ready for pod in observed.pods):
        errors = (pod.start_error for pod in observed.pods if pod.start_error)
        cause = next(errors, "the pods are starting")
        return ConditionState(
            kind,
            ConditionStatus.FALSE,
            Reason.PODS_NOT_READY,
            f"no data-plane pod is ready: {cause}",
        )
    if route.status is ConditionStatus.FALSE:
        return ConditionState(kind, route.status, route.reason, route.message)
    if roles.stable:
        message = f"revision {roles.stable} serves; the teacher answers the rest"
        return ConditionState(
            kind, ConditionStatus.TRUE, Reason.SURROGATE_SERVES, message
        )
    message = "the teacher answers all requests"
    return ConditionState(kind, ConditionStatus.TRUE, Reason.TEACHER_SERVES, message)


def _reconciling(
    observed: Observed,
    roles: RevisionRoles,
    missing: str,
    route: ConditionState,
    now: datetime,
) -> tuple[ConditionStatus, Reason, str]:
    """Return whether a change is in progress without manual action.

    A rollout that is on hold, or that its deadline ended without a verdict, waits for a
    user. A Job that runs ends in any case.
    """
    candidate = roles.candidate
    if roles.training is not None:
        return ConditionStatus.TRUE, Reason.TRAINING, missing
    programmed = route.status is ConditionStatus.TRUE
    hold = find_hold(observed.router)
    if hold is not None and (candidate is not None or programmed):
        number = candidate.spec.revision if candidate else None
        return ConditionStatus.FALSE, hold.reason, hold.describe(number)
    if candidate is not None and is_overdue(observed.router, candidate, now):
        return ConditionStatus.FALSE, Reason.INCONCLUSIVE, missing
    if candidate is not None:
        return ConditionStatus.TRUE, Reason.ROLLING_OUT, missing
    if not programmed:
        return ConditionStatus.TRUE, Reason.PROGRESSING, route.message
    return ConditionStatus.FALSE, Reason.UP_TO_DATE, "Reconciled with spec"
