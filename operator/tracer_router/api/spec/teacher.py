"""The teacher: where it is, what it speaks and what it costs."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

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
    "Protocol",
    "SecretKey",
    "Teacher",
]


class Protocol(StrEnum):
    """What the teacher speaks."""

    OPENAI = "OpenAI"
    """Chat completions, responses and completions; the key goes as a bearer token."""
    ANTHROPIC = "Anthropic"
    """Messages; the key goes as x-api-key."""
    HTTP = "HTTP"
    """JSON in and JSON out at the paths that `endpoints` names."""


def _key_of(kind: str) -> Rule:
    said = f"say a key of the {kind}: letters, digits, '-', '_' and '.'"
    return Rule("self.matches('^[-._a-zA-Z0-9]+$')", said)


class SecretKey(ApiModel):
    """One key of a Secret in the router's namespace."""

    secret_name: Annotated[SecretName, Effect.NOTHING]
    """Name of the Secret."""
    key: Annotated[
        str,
        Field(max_length=253),
        _key_of("Secret"),
        Effect.NOTHING,
    ] = "api-key"
    """Key within it."""


class ConfigMapKey(ApiModel):
    """One key of a ConfigMap in the router's namespace."""

    config_map_name: Annotated[DnsName, Effect.NOTHING]
    """Name of the ConfigMap."""
    key: Annotated[
        str,
        Field(max_length=253),
        _key_of("ConfigMap"),
        Effect.NOTHING,
    ] = "ca.crt"
    """Key within it."""


ProxyUrl = Annotated[
    HttpUrl,
    Rule(
        "self.startsWith('http://')",
        "say the http URL of a proxy, such as http://proxy.example.com:3128",
    ),
]
"""Where a proxy listens."""


class Price(ApiModel):
    """What the teacher charges for one model."""

    model: Annotated[str, Field(min_length=1, max_length=253), Effect.NOTHING]
    """Model as requests name it."""
    input_per_million_tokens: Annotated[Decimals, Effect.NOTHING]
    """Price of a million prompt tokens, such as "2.50"."""
    output_per_million_tokens: Annotated[Decimals, Effect.NOTHING]
    """Price of a million answer tokens, such as "10.00"."""


_STEP = r"(\.[A-Za-z_][A-Za-z0-9_-]*|\[(0|[1-9][0-9]{0,8})\]|\['[^']+'\])"
_ANY_STEP = _STEP.replace("|", r"|\[\*\]|", 1)

Selector = Annotated[
    str,
    Field(max_length=256),
    Rule(
        f'self.matches(r"^\\${_ANY_STEP}*$")',
        "say a path in JSON, such as $.ticket.text, $.items[0] or $.items[*].text",
    ),
]
"""Where to look in a JSON document."""

Place = Annotated[
    str,
    Field(max_length=256),
    Rule(
        f'self.matches(r"^\\${_STEP}*$")',
        "say a path in JSON to one place, such as $.label; $ is the whole response",
    ),
]
"""One place in a JSON document."""


class Endpoint(ApiModel):
    """A path of a teacher that speaks HTTP."""

    path: Annotated[
        str,
        Field(max_length=1024),
        Rule(
            "self.matches('^/[A-Za-z0-9_.~%/-]*$')",
            "say a path that begins with a slash, such as /v2/classify",
        ),
        Effect.SURROGATE_OFF,
    ]
    """Path as clients send it; anything else passes through."""
    input: Annotated[
        tuple[Selector, ...], Field(min_length=1, max_length=16), Effect.SURROGATE_OFF
    ]
    """Where the texts to be classified lie in a request; the rest of the request
    defines the question."""
    label: Annotated[Place, Effect.SURROGATE_OFF] = "$"
    """Where the label lies in a response. A surrogate's answer holds nothing else, so
    say $, the whole response, unless clients read the label alone."""


class Teacher(ApiModel):
    """The model that answers whatever is not certified."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "(self.protocol == 'HTTP') == (has(self.endpoints)"
            " && self.endpoints.size() > 0)",
            "protocol HTTP needs endpoints, and no other has any: name the paths with"
            " their input and label, or remove them",
            ".endpoints",
        ),
    )

    url: Annotated[HttpUrl, Effect.SURROGATE_OFF]
    """Base URL; of an OpenAI teacher with its /v1."""
    protocol: Annotated[Protocol, Effect.SURROGATE_OFF] = Protocol.OPENAI
    """What it speaks."""
    endpoints: Annotated[
        tuple[Endpoint, ...], Field(max_length=16), ListMap("path")
    ] = ()
    """Paths of a teacher that speaks HTTP."""
    api_key: SecretKey | None = None
    """Key sent to the teacher; without it the client's own Authorization passes
    through. With it, `access` must be said."""
    ca_bundle: ConfigMapKey | None = None
    """Certificates by which an https teacher is believed, beside the usual ones: PEM,
    read again when they change."""
    proxy: Annotated[ProxyUrl | None, Effect.NOTHING] = None
    """Proxy to the teacher: http is passed on by it, https tunnelled through it."""
    http_version: Annotated[HttpVersion, Effect.NOTHING] = HttpVersion.HTTP1
    """How HTTP is spoken to it; HTTP2 over https only where it agrees."""
    prices: Annotated[tuple[Price, ...], Field(max_length=64), ListMap("model")] = ()
    """Prices by model; without them nothing is said about savings."""
