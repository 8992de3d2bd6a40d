"""The status and the Event of a failed reconcile."""

from datetime import UTC, datetime

import pytest

from tracer_core.errors import (
    Conflict,
    Forbidden,
    RetryLater,
    SpecError,
    Unavailable,
)
from tracer_router.api import (
    ConditionStatus,
    ConditionType,
    Phase,
    Reason,
    TracerRouterStatus,
)
from tracer_router.handlers.failures import failed_status, stall_event
from tracer_router.planning.state.plan import EventRecord, EventType

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
TRUE, FALSE = ConditionStatus.TRUE, ConditionStatus.FALSE
LIVE = TracerRouterStatus(observed_generation=2, phase=Phase.LIVE, stable=4)


@pytest.mark.parametrize(
    ("error", "reason", "stalled"),
    [
        (SpecError("wrong"), Reason.INVALID_SPEC, True),
        (SpecError("taken", Reason.NAME_TAKEN), Reason.NAME_TAKEN, True),
        (Forbidden("no verb"), Reason.FORBIDDEN, True),
        (RetryLater("soon"), Reason.PROGRESSING, False),
        (Unavailable("503"), Reason.API_UNAVAILABLE, False),
        (Conflict("409"), Reason.API_UNAVAILABLE, False),
        (KeyError("spec"), Reason.INTERNAL_ERROR, False),
    ],
)
def test_an_error_is_reported_as_stalled_or_reconciling(
    error: Exception, reason: Reason, *, stalled: bool
) -> None:
    found = failed_status(LIVE, error, 3, NOW)
    conditions = {
        condition.type: (condition.status, condition.reason, condition.message)
        for condition in found.conditions
    }
    assert conditions == {
        ConditionType.STALLED: (TRUE if stalled else FALSE, reason, str(error)),
        ConditionType.RECONCILING: (FALSE if stalled else TRUE, reason, str(error)),
    }
    assert found.phase is (Phase.STALLED if stalled else Phase.LIVE)
    assert (found.observed_generation, found.stable) == (3, 4)


def test_a_stall_has_one_event_until_its_message_changes() -> None:
    first = failed_status(LIVE, SpecError("a: wrong"), 3, NOW)
    again = failed_status(first, SpecError("a: wrong"), 3, NOW)
    other = failed_status(again, SpecError("b: wrong"), 4, NOW)
    events = [
        stall_event(LIVE, first),
        stall_event(first, again),
        stall_event(again, other),
    ]
    assert events == [
        EventRecord("InvalidSpec", "a: wrong", EventType.WARNING),
        None,
        EventRecord("InvalidSpec", "b: wrong", EventType.WARNING),
    ]


def test_an_error_that_is_retried_has_no_event() -> None:
    failed = failed_status(LIVE, Unavailable("503"), 3, NOW)
    assert stall_event(LIVE, failed) is None
