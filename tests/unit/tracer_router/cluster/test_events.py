"""The Events that the operator creates."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tracer_core.constants import FIELD_MANAGER
from tracer_router.cluster.client import build_event
from tracer_router.planning.state.plan import EventRecord, EventType

NOW = datetime(2026, 11, 30, 12, 0, 0, 500, tzinfo=UTC)
ROUTER: dict[str, Any] = {
    "apiVersion": "tracerml.ai/v1alpha1",
    "kind": "TracerRouter",
    "metadata": {"name": "tickets", "namespace": "team", "uid": "uid-router"},
}


@pytest.mark.parametrize("kind", EventType)
def test_an_event_has_the_type_of_its_record(kind: EventType) -> None:
    event = build_event(ROUTER, EventRecord("RolledBack", "revision 1", kind), NOW)
    assert event == {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": "tickets.", "namespace": "team"},
        "involvedObject": {
            "apiVersion": "tracerml.ai/v1alpha1",
            "kind": "TracerRouter",
            "name": "tickets",
            "namespace": "team",
            "uid": "uid-router",
        },
        "reason": "RolledBack",
        "message": "revision 1",
        "type": kind.value,
        "source": {"component": FIELD_MANAGER},
        "firstTimestamp": "2026-11-30T12:00:00Z",
        "lastTimestamp": "2026-11-30T12:00:00Z",
        "count": 1,
    }


def test_a_message_is_cut_at_what_the_api_server_accepts() -> None:
    event = build_event(ROUTER, EventRecord("Canary", "x" * 2000), NOW)
    assert len(event["message"]) == 1024
