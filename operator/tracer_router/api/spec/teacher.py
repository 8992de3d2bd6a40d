"""The `teacher` section: URL, protocol, credentials, connection, and prices."""

from typing import Annotated, ClassVar

from pydantic import Field

from tracer_core.contracts.protocol import TeacherProtocol
from tracer_core.contracts.runtime import HttpVersion
from tracer_router.api.base.model import ApiModel, Effect, ListMap, Rule
from tracer_router.api.field_types.string_types import (
    Decimals,
    DnsName,
    HttpUrl,
    SecretName,
)

__all__ = [
    "ConfigMapKey",
    "Endpoint",
    "HttpVersion",
    "Price",
    "SecretKey",
    "Teacher",
    "TeacherProtocol",
]


def _data_key(kind: str, example: str) -> Rule:
    message = (
        f"must be a key of a {kind}: letters, digits, '-', '_', and '.', for example"
        f" {example}"
    )
    return Rule("self.matches('^[-._a-zA-Z0-9]+$')", message)


class SecretKey(ApiModel):
    """A reference to one key of a Secret in the namespace of the router."""

    secret_name: Annotated[SecretName, Effect.NOTHING]
    """Name of the Secret. The pods mount it as a file; the operator does not read it.
    An entry `allowed-hosts` of the Secret restricts the hosts that the key is sent
    to."""
    key: Annotated[
        str,
        Field(max_length=253),
        _data_key("Secret", "api-key"),
        Effect.NOTHING,
    ] = "api-key"
    """Key within the Secret. Defaults to `api-key`."""


class ConfigMapKey(ApiModel):
    """A reference to one key of a ConfigMap in the namespace of the router."""

    config_map_name: Annotated[DnsName, Effect.NOTHING]
    """Name of the ConfigMap."""
    key: Annotated[
        str,
        Field(max_length=253),
        _data_key("ConfigMap", "ca.crt"),
        Effect.NOTHING,
    ] = "ca.crt"
    """Key within the ConfigMap. Defaults to `ca.crt`."""


ProxyUrl = Annotated[
    HttpUrl,
    Rule(
        "self.startsWith('http://')",
        "must be an http URL, for example http://proxy.example.com:3128",
    ),
]
"""The URL of an HTTP proxy."""


class Price(ApiModel):
    """Token prices of one model of the teacher."""

    model: Annotated[str, Field(min_length=1, max_length=253), Effect.NOTHING]
    """Name of the model, exactly as it appears in requests."""
    input_per_million_tokens: Annotated[Decimals, Effect.NOTHING]
    """Price of one million prompt tokens, as a decimal number in quotes, for example
    "2.50". All prices of a router use the same currency."""
    output_per_million_tokens: Annotated[Decimals, Effect.NOTHING]
    """Price of one million tokens of the answer, as a decimal number in quotes, for
    example "10.00"."""


_STEP = r"(\.[A-Za-z_][A-Za-z0-9_-]*|\[(0|[1-9][0-9]{0,8})\]|\['[^']+'\])"
_ANY_STEP = _STEP.replace("|", r"|\[\*\]|", 1)

Selector = Annotated[
    str,
    Field(max_length=256),
    Rule(
        f'self.matches(r"^\\${_ANY_STEP}*$")',
        "must be a JSON path, for example $.ticket.text, $.items[0], or"
        " $.items[*].text",
    ),
]
"""A path in a JSON document that can select several values."""

Place = Annotated[
    str,
    Field(max_length=256),
    Rule(
        f'self.matches(r"^\\${_STEP}*$")',
        "must be a JSON path to one value, for example $.label; $ selects the whole"
        " response",
    ),
]
"""A path in a JSON document that selects one value."""


class Endpoint(ApiModel):
    """One classification endpoint of a teacher with protocol `HTTP`."""

    path: Annotated[
        str,
        Field(max_length=1024),
        Rule(
            "self.matches('^/[A-Za-z0-9_.~%/-]*$')",
            "must be a path that starts with a slash, without a query, for example"
            " /v2/classify",
        ),
        Effect.SURROGATE_OFF,
    ]
    """Path of the endpoint as clients send it, for example `/v2/classify`. Requests to
    paths that are not listed pass through to the teacher unchanged. Changing this field
    invalidates the certificate."""
    input: Annotated[
        tuple[Selector, ...], Field(min_length=1, max_length=16), Effect.SURROGATE_OFF
    ]
    """JSON paths of the texts to classify in a request, for example `$.ticket.text`.
    The rest of the request defines the task. Between 1 and 16 paths. Changing this
    field invalidates the certificate."""
    label: Annotated[Place, Effect.SURROGATE_OFF] = "$"
    """JSON path of the label in a response, for example `$.label`. An answer of the
    surrogate contains only this value, so keep the default unless clients read only the
    label. Changing this field invalidates the certificate. Defaults to `$`, the whole
    response."""


class Teacher(ApiModel):
    """The model that answers all requests that no certified surrogate answers."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "(self.protocol == 'HTTP') == (has(self.endpoints)"
            " && self.endpoints.size() > 0)",
            "teacher.endpoints is required if teacher.protocol is HTTP, and not allowed"
            " otherwise; list each path with its input and label, or remove"
            " teacher.endpoints",
            ".endpoints",
        ),
    )

    url: Annotated[HttpUrl, Effect.SURROGATE_OFF]
    """Base URL of the teacher, with scheme `http` or `https`, for example
    `https://api.openai.com/v1`. The URL of an `OpenAI` teacher includes its `/v1`.
    Changing this field invalidates the certificate: the teacher answers all requests
    until a new surrogate is certified."""
    protocol: Annotated[TeacherProtocol, Effect.SURROGATE_OFF] = TeacherProtocol.OPENAI
    """Protocol of the teacher. `OpenAI`: chat completions, responses, and completions;
    the key is sent as a bearer token. `Anthropic`: messages; the key is sent as
    `x-api-key`. `HTTP`: JSON requests and JSON responses at the paths in `endpoints`.
    Changing this field invalidates the certificate. Defaults to `OpenAI`."""
    endpoints: Annotated[
        tuple[Endpoint, ...], Field(max_length=16), ListMap("path")
    ] = ()
    """Endpoints of a teacher with protocol `HTTP`, at most 16. Required with this
    protocol, and not allowed with another protocol."""
    api_key: SecretKey | None = None
    """Key that the pods send to the teacher. If set, `spec.access` is required. If not
    set, the client's own key is forwarded to the teacher."""
    ca_bundle: ConfigMapKey | None = None
    """CA certificates in PEM format that the pods trust for an `https` teacher, in
    addition to the system certificates of the runtime image. The pods reload the file
    when it changes."""
    proxy: Annotated[ProxyUrl | None, Effect.NOTHING] = None
    """URL of an HTTP proxy for the connections to the teacher, for example
    `http://proxy.example.com:3128`. The proxy forwards requests to an `http` teacher,
    and tunnels requests to an `https` teacher with `CONNECT`. If not set, the pods
    connect to the teacher directly."""
    http_version: Annotated[HttpVersion, Effect.NOTHING] = HttpVersion.HTTP1
    """HTTP version of the connections to the teacher. With `HTTP2` and an `https`
    teacher, the version is negotiated and falls back to HTTP/1.1. With `HTTP2` and an
    `http` teacher, the teacher must support HTTP/2. Defaults to `HTTP1`."""
    prices: Annotated[tuple[Price, ...], Field(max_length=64), ListMap("model")] = ()
    """Token prices by model, at most 64. Without prices, no savings are reported."""
