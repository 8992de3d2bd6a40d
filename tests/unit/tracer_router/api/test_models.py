from typing import Any

import pytest

from tracer_core.constants import API_VERSION, GROUP, VERSION
from tracer_router.api import TracerRevision, TracerRouter

MINIMAL = {
    "teacher": {"url": "https://api.example.com/v1"},
    "parity": {"target": "95%"},
}


def router(spec: dict[str, Any]) -> TracerRouter:
    return TracerRouter.model_validate({"metadata": {"name": "tickets"}, "spec": spec})


def test_two_fields_are_required_and_all_others_have_defaults() -> None:
    assert router(MINIMAL).spec.to_manifest() == {
        "teacher": {
            "url": "https://api.example.com/v1",
            "protocol": "OpenAI",
            "endpoints": [],
            "httpVersion": "HTTP1",
            "prices": [],
        },
        "parity": {"target": "95%", "confidence": "95%", "margin": "1%"},
        "limits": {"requestSize": "16Mi", "concurrentRequests": 1000},
        "tasks": {
            "header": "x-tracer-task",
            "session": {"header": "x-session-id"},
            "ignore": [],
            "limit": 64,
        },
        "traces": {
            "retention": "90d",
            "capture": "Redacted",
            "redactor": "standard",
            "redact": [],
        },
        "training": {
            "minimumTraces": 1000,
            "growth": "50%",
            "maxAge": "30d",
            "budget": 12,
            "engine": "Local",
            "workers": 1,
        },
        "rollout": {
            "steps": ["5%", "25%", "100%"],
            "period": "24h",
            "maxDuration": "7d",
            "onInconclusive": "Hold",
            "promotion": "Automatic",
            "soak": "1h",
        },
        "audit": {
            "mode": "Fixed",
            "detect": {"loss": "5%", "within": "24h"},
            "live": "2%",
            "canary": "100%",
        },
        "traffic": {"hostnames": [], "pathPrefix": "/"},
        "replicas": 2,
        "historyLimit": 10,
        "suspend": False,
    }


def test_a_round_trip_keeps_the_object() -> None:
    found = router({**MINIMAL, "access": {"mode": "Open"}})
    assert TracerRouter.model_validate(found.to_manifest()) == found


def test_a_field_of_a_newer_crd_is_ignored() -> None:
    assert router({**MINIMAL, "oracle": {"of": "delphi"}}) == router(MINIMAL)


def test_a_quantity_may_be_written_as_a_number() -> None:
    found = router({**MINIMAL, "resources": {"limits": {"cpu": 1, "memory": "1Gi"}}})
    assert found.spec.resources is not None
    assert found.spec.resources.limits == {"cpu": "1", "memory": "1Gi"}


def test_a_status_that_was_never_written_has_no_generation() -> None:
    assert router(MINIMAL).status.observed_generation == -1


@pytest.mark.parametrize("model", [TracerRouter, TracerRevision])
def test_the_literal_coordinates_match_the_constants(
    model: type[TracerRouter | TracerRevision],
) -> None:
    fields = model.model_fields
    written = (fields["api_version"].default, fields["kind"].default)
    assert written == (API_VERSION, model.resource.kind)
    assert (model.resource.group, model.resource.version) == (GROUP, VERSION)
