"""Invalid specs are rejected with the path of the field and the allowed values.

Each row is a complete router with one invalid value, the field that the error must
contain, and the text that it must contain.
"""

from dataclasses import dataclass
from typing import Any

import pytest

from support.apiserver import ApiServer
from support.manifests import router_manifest, with_field

pytestmark = pytest.mark.cluster

WHOLE = router_manifest()
PRICE = WHOLE["spec"]["teacher"]["prices"][0]
ENDPOINT = {"path": "/classify", "input": ["$.items[*]['the text']"], "label": "$.a[0]"}


@dataclass(frozen=True)
class Wrong:
    path: str
    value: Any
    remedy: str
    field: str | None = None
    """Field in the error, if it differs from the path."""


WRONG = [
    Wrong("spec.teacher", None, "Required value"),
    Wrong("spec.teacher.url", None, "Required value"),
    Wrong("spec.teacher.url", "api.example.com/v1", "must be an http or https URL"),
    Wrong("spec.teacher.url", "ftp://example.com", "must be an http or https URL"),
    Wrong(
        "spec.teacher.url",
        "https://u:p@example.com",
        "without user, query, or fragment",
    ),
    Wrong(
        "spec.teacher.url",
        "https://example.com?v=1",
        "without user, query, or fragment",
    ),
    Wrong("spec.teacher.url", "https://x/" + "y" * 2048, "may not be more than 2048"),
    Wrong("spec.teacher.protocol", "Smoke", 'supported values: "OpenAI", "Anthropic"'),
    Wrong(
        "spec.teacher.protocol",
        "HTTP",
        "teacher.endpoints is required if teacher.protocol is HTTP",
        "spec.teacher.endpoints",
    ),
    Wrong(
        "spec.teacher.endpoints",
        [ENDPOINT],
        "teacher.endpoints is required if teacher.protocol is HTTP",
    ),
    Wrong(
        "spec.teacher.endpoints",
        [{**ENDPOINT, "path": "classify"}],
        "must be a path that starts with a slash",
        "spec.teacher.endpoints[0].path",
    ),
    Wrong(
        "spec.teacher.endpoints",
        [{**ENDPOINT, "input": ["text"]}],
        "must be a JSON path, for example $.ticket.text",
        "spec.teacher.endpoints[0].input[0]",
    ),
    Wrong(
        "spec.teacher.endpoints",
        [{**ENDPOINT, "label": "$.labels[*]"}],
        "must be a JSON path to one value",
        "spec.teacher.endpoints[0].label",
    ),
    Wrong(
        "spec.teacher.apiKey.secretName", "My_Secret", "must be the name of a Secret"
    ),
    Wrong("spec.teacher.apiKey.key", "a/b", "must be a key of a Secret"),
    Wrong(
        "spec.teacher.prices",
        [{**PRICE, "inputPerMillionTokens": "cheap"}],
        'must be a decimal number in quotes, for example "2.50"',
        "spec.teacher.prices[0].inputPerMillionTokens",
    ),
    Wrong(
        "spec.teacher.prices",
        [{**PRICE, "outputPerMillionTokens": "-1"}],
        "must be a decimal number in quotes",
        "spec.teacher.prices[0].outputPerMillionTokens",
    ),
    Wrong(
        "spec.teacher.prices",
        [{**PRICE, "outputPerMillionTokens": 2.5}],
        "must be of type string",
        "spec.teacher.prices[0].outputPerMillionTokens",
    ),
    Wrong("spec.parity", None, "Required value"),
    Wrong("spec.parity.target", None, "Required value"),
    Wrong("spec.parity.target", "0.95", "must be between 50% and 99.9%"),
    Wrong("spec.parity.target", "49%", "must be between 50% and 99.9%"),
    Wrong("spec.parity.target", "100%", "must be between 50% and 99.9%"),
    Wrong("spec.parity.target", 0.95, "must be of type string"),
    Wrong("spec.parity.confidence", "10%", "must be between 80% and 99.9%"),
    Wrong("spec.parity.margin", "0%", "must be between 0.1% and 50%"),
    Wrong(
        "spec.parity",
        {"target": "50%", "margin": "50%"},
        "parity.margin must be less than parity.target, for example 1%",
        "spec.parity.margin",
    ),
    Wrong("spec.access", None, "GatewayHeader, or Open, or remove teacher.apiKey"),
    Wrong("spec.access", {}, "GatewayHeader, or Open, or remove teacher.apiKey"),
    Wrong(
        "spec.access.mode",
        "PassThrough",
        "GatewayHeader, or Open, or remove teacher.apiKey",
        "spec.access",
    ),
    Wrong(
        "spec.access.mode", "Closed", 'supported values: "PassThrough", "ClientKeys"'
    ),
    Wrong(
        "spec.access",
        {"mode": "ClientKeys"},
        "access.clientKeys is required if access.mode is ClientKeys",
        "spec.access.clientKeys",
    ),
    Wrong(
        "spec.access",
        {"mode": "Open", "clientKeys": {"secretName": "callers"}},
        "access.clientKeys is required if access.mode is ClientKeys",
        "spec.access.clientKeys",
    ),
    Wrong(
        "spec.access",
        {"mode": "GatewayHeader"},
        "access.gatewayHeader is required if access.mode is GatewayHeader",
        "spec.access.gatewayHeader",
    ),
    Wrong(
        "spec.access",
        {"mode": "GatewayHeader", "gatewayHeader": {"name": "x caller"}},
        "must be the name of an HTTP header",
        "spec.access.gatewayHeader.name",
    ),
    Wrong(
        "spec.access.passThrough",
        {"lifetime": "1m"},
        "access.passThrough is not allowed unless access.mode is PassThrough",
    ),
    Wrong(
        "spec",
        {
            "teacher": {"url": "https://api.example.com/v1"},
            "parity": {"target": "95%"},
            "access": {
                "mode": "ClientKeys",
                "clientKeys": {"secretName": "callers"},
            },
        },
        "teacher.apiKey is required if access.mode is ClientKeys",
        "spec.access",
    ),
    Wrong(
        "spec",
        {
            "teacher": {"url": "https://api.example.com/v1"},
            "parity": {"target": "95%"},
            "access": {"passThrough": {"lifetime": "2d"}},
        },
        "must be between 10s and 24h",
        "spec.access.passThrough.lifetime",
    ),
    Wrong("spec.cache.ttl", "30d", "must be between 1s and 7d"),
    Wrong("spec.cache.entries", 0, "greater than or equal to 1"),
    Wrong("spec.audit.perHour", 0, "greater than or equal to 1"),
    Wrong(
        "spec.limits.requestSize",
        "1Gi",
        "must be between 1Ki and 256Mi, for example 16Mi",
    ),
    Wrong(
        "spec.limits.requestSize",
        "big",
        "must be a Kubernetes quantity, for example 500m or 2Gi",
    ),
    Wrong("spec.limits.concurrentRequests", 0, "greater than or equal to 1"),
    Wrong("spec.tasks.header", "x tracer", "must be the name of an HTTP header"),
    Wrong("spec.tasks.session.header", "", "must be the name of an HTTP header"),
    Wrong(
        "spec.tasks",
        {"header": "X-Session-Id"},
        "tasks.header must differ from tasks.session.header",
        "spec.tasks.header",
    ),
    Wrong(
        "spec.tasks.ignore",
        ["messages"],
        "must not contain a field that carries the input",
    ),
    Wrong("spec.tasks.limit", 0, "greater than or equal to 1"),
    Wrong("spec.tasks.limit", 65, "less than or equal to 64"),
    Wrong("spec.traces.store", {}, "Required value", "spec.traces.store.s3"),
    Wrong("spec.traces.store.s3.bucket", "A", "must be the name of a bucket"),
    Wrong("spec.traces.store.s3.endpoint", "s3:7070", "must be an http or https URL"),
    Wrong("spec.traces.store.s3.region", "EU Central", "must be a region"),
    Wrong("spec.traces.store.s3.prefix", "/team", "without a slash at either end"),
    Wrong("spec.traces.store.s3.prefix", "a/../b", "without a slash at either end"),
    Wrong("spec.traces.retention", "1h", "must be between 1d and 3650d"),
    Wrong("spec.traces.capture", "Off", 'supported values: "Redacted", "Raw"'),
    Wrong("spec.traces.capture", "Raw", "remove traces.redact and traces.redactor"),
    Wrong("spec.traces.redactor", "none", "must be standard or the name of a redactor"),
    Wrong(
        "spec.traces.redact",
        [{"name": "Ticket", "pattern": "x"}],
        "must start with a lowercase letter",
        "spec.traces.redact[0].name",
    ),
    Wrong(
        "spec.traces.redact",
        [{"name": "ticket", "pattern": "x*"}],
        "does not match the empty string",
        "spec.traces.redact[0].pattern",
    ),
    Wrong(
        "spec.traces.redact",
        [{"name": "ticket", "pattern": "(x"}],
        "missing closing )",
        "spec.traces.redact[0].pattern",
    ),
    Wrong(
        "spec.traces.redact",
        [{"name": "ticket", "pattern": "(?<=a)x"}],
        "invalid named capture",
        "spec.traces.redact[0].pattern",
    ),
    Wrong("spec.training.minimumTraces", 10, "greater than or equal to 100"),
    Wrong("spec.training.growth", "0%", "must be between 1% and 100%"),
    Wrong("spec.rollout.steps", [], "at least 1 items"),
    Wrong(
        "spec.rollout.steps",
        ["5%", "50%"],
        "the last step must be 100%, for example [5%, 25%, 100%]",
    ),
    Wrong(
        "spec.rollout.steps",
        ["25%", "5%", "100%"],
        "the steps must increase without duplicates",
    ),
    Wrong(
        "spec.rollout.steps",
        ["5%", "5%", "100%"],
        "the steps must increase without duplicates",
    ),
    Wrong(
        "spec.rollout.steps",
        ["2.5%", "100%"],
        "must be a whole percentage between 1% and 100%",
        "spec.rollout.steps[0]",
    ),
    Wrong(
        "spec.rollout.steps",
        ["0%", "100%"],
        "must be a whole percentage between 1% and 100%",
        "spec.rollout.steps[0]",
    ),
    Wrong("spec.rollout.period", "0s", "must be between 1s and 30d"),
    Wrong("spec.rollout.maxDuration", "1w", "must be between 1m and 90d"),
    Wrong("spec.rollout.soak", "8d", "must be between 1s and 7d"),
    Wrong("spec.rollout.onInconclusive", "Ask", 'supported values: "Hold", "Rollback"'),
    Wrong("spec.rollout.promotion", "No", 'supported values: "Automatic", "Manual"'),
    Wrong("spec.training.maxAge", "1h", "must be between 1d and 365d"),
    Wrong("spec.training.budget", 0, "should be greater than or equal to 1"),
    Wrong("spec.training.engine", "Spark", 'supported values: "Local", "Dask"'),
    Wrong("spec.training.workers", 0, "should be greater than or equal to 1"),
    Wrong("spec.training.workers", 101, "should be less than or equal to 100"),
    Wrong(
        "spec.training",
        {"workers": 2},
        "training.workers must be 1 unless training.engine is Dask; set training.engine"
        " to Dask, or remove training.workers",
        "spec.training.workers",
    ),
    Wrong(
        "spec.training.engine",
        "Local",
        "training.workers must be 1 unless training.engine is Dask",
        "spec.training.workers",
    ),
    Wrong(
        "spec.surrogate.embedder", {}, "exactly one of endpoint and onnx must be set"
    ),
    Wrong(
        "spec.surrogate.embedder.onnx",
        {"claimName": "encoders"},
        "exactly one of endpoint and onnx must be set; set one and remove the other",
        "spec.surrogate.embedder",
    ),
    Wrong(
        "spec.surrogate.embedder.endpoint.url",
        "embed.example.com",
        "must be an http or https URL",
    ),
    Wrong("spec.surrogate.embedder.endpoint.url", None, "Required value"),
    Wrong("spec.surrogate.embedder.endpoint.model", None, "Required value"),
    Wrong("spec.surrogate.embedder.endpoint.model", "", "at least 1 chars long"),
    Wrong(
        "spec.surrogate.embedder.endpoint.apiKey.secretName",
        "My_Secret",
        "must be the name of a Secret",
    ),
    Wrong(
        "spec.surrogate.embedder.endpoint.pricePerMillionTokens",
        "cheap",
        'must be a decimal number in quotes, for example "2.50"',
    ),
    Wrong(
        "spec.surrogate.embedder",
        {"onnx": {"claimName": "My Claim"}},
        "must be the name of a Kubernetes object",
        "spec.surrogate.embedder.onnx.claimName",
    ),
    Wrong(
        "spec.surrogate.embedder",
        {"onnx": {"claimName": "encoders", "subPath": "../etc"}},
        "without a slash at either end, for example models/minilm",
        "spec.surrogate.embedder.onnx.subPath",
    ),
    Wrong("spec.audit.mode", "Off", 'supported values: "Fixed", "Auto"'),
    Wrong(
        "spec.teacher.proxy",
        "https://proxy.example.com",
        "must be an http URL, for example http://proxy.example.com:3128",
    ),
    Wrong(
        "spec.teacher.caBundle",
        {"configMapName": "ca", "key": "../ca"},
        "must be a key of a ConfigMap",
        "spec.teacher.caBundle.key",
    ),
    Wrong("spec.teacher.httpVersion", "2", 'supported values: "HTTP1", "HTTP2"'),
    Wrong("spec.audit.detect.loss", "0%", "must be between 0.5% and 50%"),
    Wrong("spec.audit.detect.within", "1s", "must be between 1m and 30d"),
    Wrong("spec.audit.live", "0%", "must be between 0.1% and 100%"),
    Wrong("spec.audit.canary", "many", "must be between 0.1% and 100%"),
    Wrong(
        "spec.audit",
        {"live": "50%", "canary": "10%"},
        "audit.live must be less than or equal to audit.canary",
        "spec.audit.live",
    ),
    Wrong(
        "spec.traffic.gateway.name",
        "My Gateway",
        "must be the name of a Kubernetes object",
    ),
    Wrong(
        "spec.traffic.hostnames",
        ["Example.com"],
        "must be a lowercase host name",
        "spec.traffic.hostnames[0]",
    ),
    Wrong(
        "spec.traffic",
        {"split": "Gateway"},
        "set traffic.gateway.name, or set traffic.split to Sticky",
        "spec.traffic.split",
    ),
    Wrong("spec.traffic.split", "Random", 'supported values: "Gateway", "Sticky"'),
    Wrong("spec.traffic.pathPrefix", "llm", "must be a path that starts with a slash"),
    Wrong("spec.replicas", 0, "greater than or equal to 1"),
    Wrong("spec.replicas", "two", "must be of type integer"),
    Wrong(
        "spec.resources.limits.cpu",
        "much",
        "must be a Kubernetes quantity, for example 500m or 2Gi",
        "spec.resources.limits[cpu]",
    ),
    Wrong(
        "spec.training.resources.requests.memory",
        "much",
        "must be a Kubernetes quantity, for example 500m or 2Gi",
        "spec.training.resources.requests[memory]",
    ),
    Wrong("spec.historyLimit", 0, "greater than or equal to 1"),
    Wrong("spec.suspend", "yes", "must be of type boolean"),
    Wrong("metadata.name", "a" * 41, "choose a different name", "TracerRouter"),
    Wrong("metadata.name", "7up", "choose a different name", "TracerRouter"),
    Wrong("metadata.name", "my.router", "choose a different name", "TracerRouter"),
]

UNKNOWN = [
    "spec.engine",
    "spec.teacher.key",
    "spec.surrogate.embedder.key",
    "spec.parity.floor",
    "spec.traces.format",
    "spec.rollout.analysis",
    "spec.traffic.weights",
]


def _id(wrong: Wrong) -> str:
    return f"{wrong.path}={wrong.value!s:.24}"


@pytest.mark.parametrize("wrong", WRONG, ids=_id)
def test_an_error_contains_the_field_and_the_allowed_values(
    api: ApiServer, namespace: str, wrong: Wrong
) -> None:
    url = f"/apis/tracerml.ai/v1alpha1/namespaces/{namespace}/tracerrouters"
    answer = api.create(url, with_field(WHOLE, wrong.path, wrong.value), dryRun="All")
    assert answer.code == 422
    assert (wrong.field or wrong.path) in answer.message
    assert wrong.remedy in answer.message


@pytest.mark.parametrize("path", UNKNOWN)
def test_an_unknown_field_is_rejected_by_name(
    api: ApiServer, namespace: str, path: str
) -> None:
    url = f"/apis/tracerml.ai/v1alpha1/namespaces/{namespace}/tracerrouters"
    answer = api.create(url, with_field(WHOLE, path, "x"), dryRun="All")
    assert f'strict decoding error: unknown field "{path}"' in answer.message
