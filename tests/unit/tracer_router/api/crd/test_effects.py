"""The column *Change* of the API reference, compared with the effect on the plan."""

from typing import Any

import pytest

from support.configuration import config_of
from support.manifests import revision_manifest, router_manifest, with_field
from tracer_router.api import Effect, TracerRevision, TracerRouter
from tracer_router.api.crd.reference import field_effects
from tracer_router.planning.rollout.policy import plan_policy
from tracer_router.planning.state.certificate_validity import teacher_identity
from tracer_router.planning.state.observed import Observed
from tracer_router.planning.state.roles import assign_roles
from tracer_router.resources.data_plane import Served, build_deployment
from tracer_router.resources.installation import Installation
from tracer_router.resources.redaction import build_redaction
from tracer_router.resources.route import build_route

EFFECTS = field_effects(TracerRouter)
WHOLE = router_manifest()
PRICE = WHOLE["spec"]["teacher"]["prices"][0]
PATTERN = WHOLE["spec"]["traces"]["redact"][0]
ENDPOINT = {"path": "/classify", "input": ["$.text"], "label": "$.label"}
CHANGES: dict[str, Any] = {
    "teacher.url": "https://other.example.com/v1",
    "teacher.protocol": "Anthropic",
    "teacher.endpoints.path": [{**ENDPOINT, "path": "/other"}],
    "teacher.endpoints.input": [{**ENDPOINT, "input": ["$.title"]}],
    "teacher.endpoints.label": [{**ENDPOINT, "label": "$.other"}],
    "teacher.apiKey.secretName": "other",
    "teacher.apiKey.key": "other",
    "teacher.prices.model": [{**PRICE, "model": "other"}],
    "teacher.prices.inputPerMillionTokens": [{**PRICE, "inputPerMillionTokens": "3"}],
    "teacher.prices.outputPerMillionTokens": [{**PRICE, "outputPerMillionTokens": "3"}],
    "teacher.caBundle.configMapName": "other",
    "teacher.caBundle.key": "other",
    "teacher.proxy": "http://other:3128",
    "teacher.httpVersion": "HTTP2",
    "parity.target": "98%",
    "parity.confidence": "99%",
    "parity.margin": "2%",
    "access.mode": "PassThrough",
    "access.passThrough.lifetime": "1m",
    "access.clientKeys.secretName": "other",
    "access.gatewayHeader.name": "x-other",
    "cache.ttl": "1m",
    "cache.entries": 10,
    "audit.perHour": 60,
    "limits.requestSize": "32Mi",
    "limits.concurrentRequests": 100,
    "tasks.header": "x-other",
    "tasks.ignore": ["temperature", "top_p"],
    "tasks.limit": 16,
    "tasks.session.header": "x-other",
    "traces.store.s3.bucket": "other",
    "traces.store.s3.endpoint": "http://other:7070",
    "traces.store.s3.region": "us-east-1",
    "traces.store.s3.prefix": "other",
    "traces.store.s3.credentials.secretName": "other",
    "traces.retention": "7d",
    "traces.capture": "Raw",
    "traces.redactor": "theirs",
    "traces.redact.name": [{**PATTERN, "name": "other"}],
    "traces.redact.pattern": [{**PATTERN, "pattern": "other"}],
    "training.minimumTraces": 2000,
    "training.growth": "100%",
    "training.maxAge": "60d",
    "training.budget": 3,
    "training.engine": "Local",
    "training.workers": 8,
    "training.resources.requests": {"cpu": "1"},
    "training.resources.limits": {"memory": "8Gi"},
    "surrogate.embedder.endpoint.url": "https://other.example.com/v1",
    "surrogate.embedder.endpoint.model": "large",
    "surrogate.embedder.endpoint.apiKey.secretName": "other",
    "surrogate.embedder.endpoint.apiKey.key": "other",
    "surrogate.embedder.endpoint.pricePerMillionTokens": "0.13",
    "surrogate.embedder.onnx.claimName": {"claimName": "encoders"},
    "surrogate.embedder.onnx.subPath": {"claimName": "encoders", "subPath": "minilm"},
    "rollout.steps": ["50%", "100%"],
    "rollout.period": "1h",
    "rollout.maxDuration": "1d",
    "rollout.onInconclusive": "Rollback",
    "rollout.promotion": "Manual",
    "rollout.soak": "5m",
    "audit.mode": "Auto",
    "audit.detect.loss": "3%",
    "audit.detect.within": "1h",
    "audit.live": "5%",
    "audit.canary": "50%",
    "traffic.gateway.name": "other",
    "traffic.gateway.namespace": "other",
    "traffic.gateway.sectionName": "https",
    "traffic.hostnames": ["other.example.com"],
    "traffic.pathPrefix": "/other",
    "traffic.split": "Sticky",
    "replicas": 5,
    "resources.requests": {"cpu": "1"},
    "resources.limits": {"memory": "1Gi"},
    "historyLimit": 3,
    "suspend": True,
}

WHOLES = (
    *("teacher.prices", "teacher.endpoints", "traces.redact"),
    "surrogate.embedder.onnx",
)
"""Fields that are replaced as a whole: lists, and objects that exclude others."""


def router(manifest: dict[str, Any]) -> TracerRouter:
    return TracerRouter.model_validate(with_field(manifest, "metadata.uid", "u"))


def live_revision() -> TracerRevision:
    certificate = {
        "target": "95%",
        "confidence": "95%",
        "coverage": "60%",
        "attempt": 1,
        "level": "0.025",
        "n": 700,
        "k": 690,
        "m": 0,
    }
    status = {
        "phase": "Live",
        "bundle": {"digest": "sha256:01", "bento": "sha256:02", "key": "b"},
        "tasks": [{"fingerprint": "t1", "certificate": certificate}],
    }
    whole = router(WHOLE)
    redaction = build_redaction(whole).to_json().decode()
    manifest = revision_manifest(teacher=teacher_identity(whole), redaction=redaction)
    return TracerRevision.model_validate(manifest | {"status": status})


def surrogate_on(changed: TracerRouter) -> bool:
    revision = live_revision()
    policy = plan_policy(
        Observed(changed, (revision,)), (revision,), assign_roles((revision,))
    )
    return policy.revisions["1"].surrogate


def data_settings(changed: TracerRouter) -> tuple[object, ...]:
    """Return the settings that define the rows and requests of a certificate."""
    installation = Installation("ns", "runtime", "s3://default")
    deployment = build_deployment(changed, Served(1, "runtime"), installation)
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    config = config_of(container)
    store = config.traces.store
    assert store is not None
    return store.url, store.endpoint, store.region, config.tasks.ignore


def effect_of(changed: TracerRouter) -> Effect:
    """Return the strongest effect of a change."""
    before = router(WHOLE)
    if not surrogate_on(changed):
        return Effect.SURROGATE_OFF
    if data_settings(changed) != data_settings(before):
        return Effect.RECERTIFY
    if build_route(changed, 1, None, 0) != build_route(before, 1, None, 0):
        return Effect.NEW_ROUTE
    return Effect.NOTHING


def test_every_field_has_a_change() -> None:
    assert CHANGES.keys() == EFFECTS.keys()


@pytest.mark.parametrize("path", CHANGES)
def test_a_change_has_the_effect_of_the_reference(path: str) -> None:
    target = next((whole for whole in WHOLES if path.startswith(f"{whole}.")), path)
    changed = router(with_field(WHOLE, f"spec.{target}", CHANGES[path]))
    assert changed.spec != router(WHOLE).spec
    assert effect_of(changed) is EFFECTS[path]


@pytest.mark.parametrize(("path", "value"), [("target", "90%"), ("confidence", "90%")])
def test_a_lower_target_or_confidence_leaves_the_surrogate_on(
    path: str, value: str
) -> None:
    assert surrogate_on(router(with_field(WHOLE, f"spec.parity.{path}", value)))
