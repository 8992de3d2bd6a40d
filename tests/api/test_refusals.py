"""What contradicts itself is refused where it is written, in words that help.

Every row: a whole router with one thing wrong, the field that the refusal must name and
the remedy that it must give.
"""

from dataclasses import dataclass
from typing import Any

import pytest

from support.apiserver import ApiServer
from support.manifests import at, router_manifest

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
    """Where the refusal points, if not at the path."""


WRONG = [
    Wrong("spec.teacher", None, "Required value"),
    Wrong("spec.teacher.url", None, "Required value"),
    Wrong("spec.teacher.url", "api.example.com/v1", "say an http or https URL"),
    Wrong("spec.teacher.url", "ftp://example.com", "say an http or https URL"),
    Wrong("spec.teacher.url", "https://u:p@example.com", "without query or user"),
    Wrong("spec.teacher.url", "https://example.com?v=1", "without query or user"),
    Wrong("spec.teacher.url", "https://x/" + "y" * 2048, "may not be more than 2048"),
    Wrong("spec.teacher.protocol", "Smoke", 'supported values: "OpenAI", "Anthropic"'),
    Wrong(
        "spec.teacher.protocol",
        "HTTP",
        "protocol HTTP needs endpoints, and no other has any",
        "spec.teacher.endpoints",
    ),
    Wrong(
        "spec.teacher.endpoints",
        [ENDPOINT],
        "protocol HTTP needs endpoints, and no other has any",
    ),
    Wrong(
        "spec.teacher.endpoints",
        [{**ENDPOINT, "path": "classify"}],
        "say a path that begins with a slash",
        "spec.teacher.endpoints[0].path",
    ),
    Wrong(
        "spec.teacher.endpoints",
        [{**ENDPOINT, "input": ["text"]}],
        "say a path in JSON, such as $.ticket.text",
        "spec.teacher.endpoints[0].input[0]",
    ),
    Wrong(
        "spec.teacher.endpoints",
        [{**ENDPOINT, "label": "$.labels[*]"}],
        "say a path in JSON to one place",
        "spec.teacher.endpoints[0].label",
    ),
    Wrong("spec.teacher.apiKey.secretName", "My_Secret", "say the name of a Secret"),
    Wrong("spec.teacher.apiKey.key", "a/b", "say a key of the Secret"),
    Wrong(
        "spec.teacher.prices",
        [{**PRICE, "inputPerMillionTokens": "cheap"}],
        'say a decimal number in quotes, such as "2.50"',
        "spec.teacher.prices[0].inputPerMillionTokens",
    ),
    Wrong(
        "spec.teacher.prices",
        [{**PRICE, "outputPerMillionTokens": "-1"}],
        "say a decimal number in quotes",
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
    Wrong("spec.parity.target", "0.95", "say a percentage from 50% to 99.9%"),
    Wrong("spec.parity.target", "49%", "say a percentage from 50% to 99.9%"),
    Wrong("spec.parity.target", "100%", "say a percentage from 50% to 99.9%"),
    Wrong("spec.parity.target", 0.95, "must be of type string"),
    Wrong("spec.parity.confidence", "10%", "say a percentage from 80% to 99.9%"),
    Wrong("spec.parity.margin", "0%", "say a percentage from 0.1% to 50%"),
    Wrong(
        "spec.parity",
        {"target": "50%", "margin": "50%"},
        "margin must be below target: lower parity.margin",
        "spec.parity.margin",
    ),
    Wrong("spec.access", None, "GatewayHeader or Open, or remove teacher.apiKey"),
    Wrong("spec.access", {}, "GatewayHeader or Open, or remove teacher.apiKey"),
    Wrong(
        "spec.access.mode",
        "PassThrough",
        "GatewayHeader or Open, or remove teacher.apiKey",
        "spec.access",
    ),
    Wrong(
        "spec.access.mode", "Closed", 'supported values: "PassThrough", "ClientKeys"'
    ),
    Wrong(
        "spec.access",
        {"mode": "ClientKeys"},
        "access.clientKeys belongs to mode ClientKeys",
        "spec.access.clientKeys",
    ),
    Wrong(
        "spec.access",
        {"mode": "Open", "clientKeys": {"secretName": "callers"}},
        "access.clientKeys belongs to mode ClientKeys",
        "spec.access.clientKeys",
    ),
    Wrong(
        "spec.access",
        {"mode": "GatewayHeader"},
        "access.gatewayHeader belongs to mode GatewayHeader",
        "spec.access.gatewayHeader",
    ),
    Wrong(
        "spec.access",
        {"mode": "GatewayHeader", "gatewayHeader": {"name": "x caller"}},
        "say the name of an HTTP header",
        "spec.access.gatewayHeader.name",
    ),
    Wrong(
        "spec.access.passThrough",
        {"lifetime": "1m"},
        "access.passThrough belongs to mode PassThrough",
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
        "which the teacher does not know: add teacher.apiKey",
        "spec.access",
    ),
    Wrong(
        "spec",
        {
            "teacher": {"url": "https://api.example.com/v1"},
            "parity": {"target": "95%"},
            "access": {"passThrough": {"lifetime": "2d"}},
        },
        "say a duration from 10s to 24h",
        "spec.access.passThrough.lifetime",
    ),
    Wrong("spec.cache.ttl", "30d", "say a duration from 1s to 7d"),
    Wrong("spec.cache.entries", 0, "greater than or equal to 1"),
    Wrong("spec.audit.perHour", 0, "greater than or equal to 1"),
    Wrong("spec.limits.requestSize", "1Gi", "say a size from 1Ki to 256Mi"),
    Wrong("spec.limits.requestSize", "big", "say a quantity, such as 500m or 2Gi"),
    Wrong("spec.limits.concurrentRequests", 0, "greater than or equal to 1"),
    Wrong("spec.tasks.header", "x tracer", "say the name of an HTTP header"),
    Wrong("spec.tasks.session.header", "", "say the name of an HTTP header"),
    Wrong(
        "spec.tasks",
        {"header": "X-Session-Id"},
        "must differ: rename one of them",
        "spec.tasks.header",
    ),
    Wrong("spec.tasks.ignore", ["messages"], "cannot be ignored: remove it"),
    Wrong("spec.tasks.limit", 0, "greater than or equal to 1"),
    Wrong("spec.tasks.limit", 65, "less than or equal to 64"),
    Wrong("spec.traces.store", {}, "Required value", "spec.traces.store.s3"),
    Wrong("spec.traces.store.s3.bucket", "A", "say the name of a bucket"),
    Wrong("spec.traces.store.s3.endpoint", "s3:7070", "say an http or https URL"),
    Wrong("spec.traces.store.s3.region", "EU Central", "say a region"),
    Wrong("spec.traces.store.s3.prefix", "/team", "without a slash at either end"),
    Wrong("spec.traces.store.s3.prefix", "a/../b", "without a slash at either end"),
    Wrong("spec.traces.retention", "1h", "say a duration from 1d to 3650d"),
    Wrong("spec.traces.capture", "Off", 'supported values: "Redacted", "Raw"'),
    Wrong("spec.traces.capture", "Raw", "remove traces.redact and traces.redactor"),
    Wrong("spec.traces.redactor", "none", "say standard, or the name of a redactor"),
    Wrong(
        "spec.traces.redact",
        [{"name": "Ticket", "pattern": "x"}],
        "say a name in lower case",
        "spec.traces.redact[0].name",
    ),
    Wrong(
        "spec.traces.redact",
        [{"name": "ticket", "pattern": "x*"}],
        "that does not match an empty text",
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
    Wrong("spec.training.growth", "0%", "say a percentage from 1% to 100%"),
    Wrong("spec.rollout.steps", [], "at least 1 items"),
    Wrong(
        "spec.rollout.steps", ["5%", "50%"], "the last of rollout.steps must be 100%"
    ),
    Wrong("spec.rollout.steps", ["25%", "5%", "100%"], "must rise, each once"),
    Wrong("spec.rollout.steps", ["5%", "5%", "100%"], "must rise, each once"),
    Wrong(
        "spec.rollout.steps",
        ["2.5%", "100%"],
        "say a whole percentage from 1% to 100%",
        "spec.rollout.steps[0]",
    ),
    Wrong(
        "spec.rollout.steps",
        ["0%", "100%"],
        "say a whole percentage from 1% to 100%",
        "spec.rollout.steps[0]",
    ),
    Wrong("spec.rollout.period", "0s", "say a duration from 1s to 30d"),
    Wrong("spec.rollout.maxDuration", "1w", "say a duration from 1m to 90d"),
    Wrong("spec.rollout.soak", "8d", "say a duration from 1s to 7d"),
    Wrong("spec.rollout.onInconclusive", "Ask", 'supported values: "Hold", "Rollback"'),
    Wrong("spec.rollout.promotion", "No", 'supported values: "Automatic", "Manual"'),
    Wrong("spec.training.maxAge", "1h", "say a duration from 1d to 365d"),
    Wrong("spec.training.budget", 0, "should be greater than or equal to 1"),
    Wrong("spec.training.engine", "Spark", 'supported values: "Local", "Dask"'),
    Wrong("spec.training.workers", 0, "should be greater than or equal to 1"),
    Wrong("spec.training.workers", 101, "should be less than or equal to 100"),
    Wrong(
        "spec.training",
        {"workers": 2},
        "training.workers belongs to engine Dask: say engine Dask, or remove workers",
        "spec.training.workers",
    ),
    Wrong(
        "spec.training.engine",
        "Local",
        "training.workers belongs to engine Dask",
        "spec.training.workers",
    ),
    Wrong("spec.surrogate.embedder", {}, "say one of endpoint and onnx"),
    Wrong(
        "spec.surrogate.embedder.onnx",
        {"claimName": "encoders"},
        "say one of endpoint and onnx: name it, or remove the other",
        "spec.surrogate.embedder",
    ),
    Wrong(
        "spec.surrogate.embedder.endpoint.url",
        "embed.example.com",
        "say an http or https URL",
    ),
    Wrong("spec.surrogate.embedder.endpoint.url", None, "Required value"),
    Wrong("spec.surrogate.embedder.endpoint.model", None, "Required value"),
    Wrong("spec.surrogate.embedder.endpoint.model", "", "at least 1 chars long"),
    Wrong(
        "spec.surrogate.embedder.endpoint.apiKey.secretName",
        "My_Secret",
        "say the name of a Secret",
    ),
    Wrong(
        "spec.surrogate.embedder.endpoint.pricePerMillionTokens",
        "cheap",
        'say a decimal number in quotes, such as "2.50"',
    ),
    Wrong(
        "spec.surrogate.embedder",
        {"onnx": {"claimName": "My Claim"}},
        "say the name of an object",
        "spec.surrogate.embedder.onnx.claimName",
    ),
    Wrong(
        "spec.surrogate.embedder",
        {"onnx": {"claimName": "encoders", "subPath": "../etc"}},
        "without a slash at either end, such as models/minilm",
        "spec.surrogate.embedder.onnx.subPath",
    ),
    Wrong("spec.audit.mode", "Off", 'supported values: "Fixed", "Auto"'),
    Wrong(
        "spec.teacher.proxy",
        "https://proxy.example.com",
        "say the http URL of a proxy",
    ),
    Wrong(
        "spec.teacher.caBundle",
        {"configMapName": "ca", "key": "../ca"},
        "say a key of the ConfigMap",
        "spec.teacher.caBundle.key",
    ),
    Wrong("spec.teacher.httpVersion", "2", 'supported values: "HTTP1", "HTTP2"'),
    Wrong("spec.audit.detect.loss", "0%", "say a percentage from 0.5% to 50%"),
    Wrong("spec.audit.detect.within", "1s", "say a duration from 1m to 30d"),
    Wrong("spec.audit.live", "0%", "say a percentage from 0.1% to 100%"),
    Wrong("spec.audit.canary", "many", "say a percentage from 0.1% to 100%"),
    Wrong(
        "spec.audit",
        {"live": "50%", "canary": "10%"},
        "raise canary or lower live",
        "spec.audit.live",
    ),
    Wrong("spec.traffic.gateway.name", "My Gateway", "say the name of an object"),
    Wrong(
        "spec.traffic.hostnames",
        ["Example.com"],
        "say a host name in lower case",
        "spec.traffic.hostnames[0]",
    ),
    Wrong(
        "spec.traffic",
        {"split": "Gateway"},
        "name a Gateway, or say Sticky",
        "spec.traffic.split",
    ),
    Wrong("spec.traffic.split", "Random", 'supported values: "Gateway", "Sticky"'),
    Wrong("spec.traffic.pathPrefix", "llm", "say a path that begins with a slash"),
    Wrong("spec.replicas", 0, "greater than or equal to 1"),
    Wrong("spec.replicas", "two", "must be of type integer"),
    Wrong(
        "spec.resources.limits.cpu",
        "much",
        "say a quantity, such as 500m or 2Gi",
        "spec.resources.limits[cpu]",
    ),
    Wrong(
        "spec.training.resources.requests.memory",
        "much",
        "say a quantity, such as 500m or 2Gi",
        "spec.training.resources.requests[memory]",
    ),
    Wrong("spec.historyLimit", 0, "greater than or equal to 1"),
    Wrong("spec.suspend", "yes", "must be of type boolean"),
    Wrong(
        "metadata.name", "a" * 41, "choose a shorter or plainer name", "TracerRouter"
    ),
    Wrong("metadata.name", "7up", "choose a shorter or plainer name", "TracerRouter"),
    Wrong(
        "metadata.name", "my.router", "choose a shorter or plainer name", "TracerRouter"
    ),
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
def test_a_refusal_names_the_field_and_the_remedy(
    api: ApiServer, namespace: str, wrong: Wrong
) -> None:
    url = f"/apis/tracerml.ai/v1alpha1/namespaces/{namespace}/tracerrouters"
    answer = api.create(url, at(WHOLE, wrong.path, wrong.value), dryRun="All")
    assert answer.code == 422
    assert (wrong.field or wrong.path) in answer.message
    assert wrong.remedy in answer.message


@pytest.mark.parametrize("path", UNKNOWN)
def test_an_unknown_field_is_refused_by_name(
    api: ApiServer, namespace: str, path: str
) -> None:
    url = f"/apis/tracerml.ai/v1alpha1/namespaces/{namespace}/tracerrouters"
    answer = api.create(url, at(WHOLE, path, "x"), dryRun="All")
    assert f'strict decoding error: unknown field "{path}"' in answer.message
