"""Every change of the spec that a certificate does not cover has its own reason."""

from typing import Any

import pytest

from support.manifests import revision_manifest, router_manifest, with_field
from tracer_router.api import Reason, TracerRevision, TracerRouter
from tracer_router.planning.state.certificate_validity import find_invalidation
from tracer_router.resources.pod.teacher import teacher_identity
from tracer_router.resources.redaction import build_redaction

CERTIFICATE = {
    "target": "95%",
    "confidence": "95%",
    "attempt": 1,
    "level": "0.025",
    "n": 700,
    "k": 690,
    "m": 0,
    "coverage": "60%",
}


def certified() -> TracerRevision:
    """Return a revision that was certified for the router of `router_manifest`."""
    router = TracerRouter.model_validate(router_manifest())
    spec = {
        "teacher": teacher_identity(router),
        "redaction": build_redaction(router).to_json().decode(),
    }
    task = {"fingerprint": "t1", "certificate": CERTIFICATE}
    status = {"phase": "Live", "tasks": [task]}
    return TracerRevision.model_validate(revision_manifest(**spec) | {"status": status})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param("spec.parity.target", "95%", id="the same target"),
        pytest.param("spec.parity.target", "90%", id="a lower target"),
        pytest.param("spec.parity.confidence", "90%", id="a lower confidence"),
        pytest.param("spec.teacher.proxy", None, id="another way to the teacher"),
    ],
)
def test_a_change_that_the_certificate_covers_does_not_invalidate_it(
    path: str, value: Any
) -> None:
    router = TracerRouter.model_validate(with_field(router_manifest(), path, value))
    assert find_invalidation(router, certified()) is None


@pytest.mark.parametrize(
    ("path", "value", "reason", "message"),
    [
        (
            "spec.parity.target",
            "97%",
            Reason.TARGET_RAISED,
            "certified at target 95%, but spec.parity.target is 97%",
        ),
        (
            "spec.parity.confidence",
            "99%",
            Reason.CONFIDENCE_RAISED,
            "certified at confidence 95%, but spec.parity.confidence is 99%",
        ),
        (
            "spec.teacher.url",
            "https://api.example.org/v1",
            Reason.TEACHER_REPLACED,
            (
                "certified for teacher OpenAI https://api.example.com/v1, but "
                "spec.teacher is OpenAI https://api.example.org/v1"
            ),
        ),
        (
            "spec.traces.redact",
            [],
            Reason.REDACTION_CHANGED,
            "certified on texts with another redaction than spec.traces configures",
        ),
    ],
)
def test_a_change_that_the_certificate_does_not_cover_is_named(
    path: str, value: Any, reason: Reason, message: str
) -> None:
    router = TracerRouter.model_validate(with_field(router_manifest(), path, value))
    found = find_invalidation(router, certified())
    assert found is not None
    assert (found.reason, found.message) == (reason, message)
