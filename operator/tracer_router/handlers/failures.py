"""The status and the Event of a router whose reconcile failed."""

from datetime import datetime

from tracer_core.errors import ClusterError, Forbidden, RetryLater, SpecError
from tracer_router.api import (
    ConditionStatus,
    ConditionType,
    Phase,
    Reason,
    TracerRouterStatus,
)
from tracer_router.planning.state.plan import EventRecord, EventType
from tracer_router.planning.status.condition_state import (
    ConditionState,
    set_conditions,
)

__all__ = ["build_failed_status", "build_stall_event"]

_MAX_MESSAGE_CHARACTERS = 1000


def build_failed_status(
    before: TracerRouterStatus, error: Exception, generation: int | None, now: datetime
) -> TracerRouterStatus:
    """Return the status of a router whose reconcile failed.

    Args:
        before: The present status of the router.
        error: Why the reconcile failed.
        generation: The generation of the spec that was reconciled.
        now: The present time.
    """
    stalled = isinstance(error, SpecError | Forbidden)
    reason, message = _reason(error), str(error)[:_MAX_MESSAGE_CHARACTERS]
    true, false = ConditionStatus.TRUE, ConditionStatus.FALSE
    states = (
        ConditionState(
            ConditionType.STALLED, true if stalled else false, reason, message
        ),
        ConditionState(
            ConditionType.RECONCILING, false if stalled else true, reason, message
        ),
    )
    update = {
        "conditions": set_conditions(before.conditions, states, generation, now),
        "observed_generation": generation or -1,
    }
    if stalled:
        update["phase"] = Phase.STALLED
    return before.model_copy(update=update)


def build_stall_event(
    before: TracerRouterStatus, after: TracerRouterStatus
) -> EventRecord | None:
    """Return the Event of a router that stalled; None if it is not newly stalled."""
    stalled = _stalled(after)
    if stalled is None or stalled == _stalled(before):
        return None
    reason, message = stalled
    return EventRecord(reason, message, EventType.WARNING)


def _stalled(status: TracerRouterStatus) -> tuple[str, str] | None:
    """Return reason and message of the condition `Stalled`; None if it is not true."""
    for condition in status.conditions:
        kind = condition.type == ConditionType.STALLED.value
        if kind and condition.status is ConditionStatus.TRUE:
            return condition.reason, condition.message
    return None


def _reason(error: Exception) -> Reason:
    match error:
        case Forbidden():
            return Reason.FORBIDDEN
        case RetryLater():
            return Reason.PROGRESSING
        case SpecError():
            return Reason(error.reason)
        case ClusterError():
            return Reason.API_UNAVAILABLE
        case _:
            return Reason.INTERNAL_ERROR
