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
from tracer_router.handlers.failures import build_failed_status, build_stall_event
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
    found = build_failed_status(LIVE, error, 3, NOW)
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
    first = build_failed_status(LIVE, SpecError("a: wrong"), 3, NOW)
    again = build_failed_status(first, SpecError("a: wrong"), 3, NOW)
    other = build_failed_status(again, SpecError("b: wrong"), 4, NOW)
    events = [
        build_stall_event(LIVE, first),
        build_stall_event(first, again),
        build_stall_event(again, other),
    ]
    assert events == [
        EventRecord("InvalidSpec", "a: wrong", EventType.WARNING),
        None,
        EventRecord("InvalidSpec", "b: wrong", EventType.WARNING),
    ]


def test_an_error_that_is_retried_has_no_event() -> None:
    failed = build_failed_status(LIVE, Unavailable("503"), 3, NOW)
    assert build_stall_event(LIVE, failed) is None
