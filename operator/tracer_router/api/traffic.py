"""Where traces lie, and how requests reach the pods."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from tracer_router.api.duration import Duration, Within
from tracer_router.api.model import ApiModel, Effect, ListMap, Rule
from tracer_router.api.text import DnsName, HttpUrl, SecretName

__all__ = [
    "Capture",
    "Gateway",
    "RedactPattern",
    "S3Store",
    "Split",
    "Store",
    "StoreCredentials",
    "Traces",
    "Traffic",
]


class StoreCredentials(ApiModel):
    """Keys to a bucket."""

    secret_name: Annotated[SecretName, Effect.NOTHING]
    """Secret with `access-key-id` and `secret-access-key`."""


class S3Store(ApiModel):
    """A bucket on AWS or on any server that speaks S3."""

    bucket: Annotated[
        str,
        Field(max_length=63),
        Rule(
            "self.matches('^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$')",
            "say the name of a bucket: 3 to 63 lower case letters, digits, '-' and '.'",
        ),
        Effect.RECERTIFY,
    ]
    """Name of the bucket; it must exist."""
    endpoint: Annotated[HttpUrl | None, Effect.RECERTIFY] = None
    """URL of the server; AWS when absent."""
    region: Annotated[
        str,
        Field(max_length=64),
        Rule(
            "self.matches('^[a-z0-9-]+$')",
            "say a region, such as us-east-1",
        ),
        Effect.RECERTIFY,
    ] = "us-east-1"
    """Region of the bucket."""
    prefix: Annotated[
        str | None,
        Field(max_length=512),
        Rule(
            "self.matches('^[A-Za-z0-9_.=-]+(/[A-Za-z0-9_.=-]+)*$')"
            " && !self.split('/').exists(part, part == '..' || part == '.')",
            "say a path without a slash at either end, such as team/tickets",
        ),
        Effect.RECERTIFY,
    ] = None
    """Path of this router within the bucket; `NAMESPACE/NAME` when absent. A router
    made again under the same path adopts what lies there."""
    credentials: StoreCredentials | None = None
    """Keys; the pods' own identity when absent."""


class Store(ApiModel):
    """The one place of a router's traces, bundles and attempts."""

    s3: S3Store
    """A bucket."""


class Capture(StrEnum):
    """What is kept of a request."""

    REDACTED = "Redacted"
    """The text after redaction, and the teacher's answer."""
    RAW = "Raw"
    """The text as it came, and the teacher's answer."""
    DISABLED = "Disabled"
    """Nothing: nothing new can be learnt, a certified surrogate goes on."""


class RedactPattern(ApiModel):
    """What else is taken out of texts."""

    name: Annotated[
        str,
        Field(max_length=32),
        Rule(
            "self.matches('^[a-z][a-z0-9-]*$')",
            "say a name in lower case, such as ticket; [ticket] stands in the text",
        ),
        Effect.SURROGATE_OFF,
    ]
    """What it finds; `[name]` stands in its place."""
    pattern: Annotated[
        str,
        Field(min_length=1, max_length=256),
        Rule(
            "!''.matches(self)",
            "say a regular expression (RE2) that does not match an empty text",
        ),
        Effect.SURROGATE_OFF,
    ]
    """A regular expression in RE2's syntax: it takes linear time whatever the text."""


class Traces(ApiModel):
    """What is kept of requests, and where."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.capture != 'Raw' || (self.redactor == 'standard'"
            " && (!has(self.redact) || self.redact.size() == 0))",
            "traces.capture Raw redacts nothing: remove traces.redact and"
            " traces.redactor, or say Redacted",
            ".capture",
        ),
    )

    store: Store | None = None
    """The store of traces, bundles and the ledger of attempts; the chart's own when
    absent."""
    retention: Annotated[Duration, Within("1d", "3650d", "90d"), Effect.NOTHING] = (
        Duration("90d")
    )
    """How old a trace may become. The ledger of attempts stays; it holds no text."""
    capture: Annotated[Capture, Effect.SURROGATE_OFF] = Capture.REDACTED
    """What is kept of a request. The surrogate sees texts as they are kept."""
    redactor: Annotated[
        str,
        Field(max_length=63),
        Rule(
            "self.matches('^[a-z]([a-z0-9-]*[a-z0-9])?$') && self != 'none'",
            "say standard, or the name of a redactor in your runtime image",
        ),
        Effect.SURROGATE_OFF,
    ] = "standard"
    """What takes personal and secret parts out of texts: standard (e-mail addresses,
    phone and card numbers, keys), or one that your runtime image brings."""
    redact: Annotated[
        tuple[RedactPattern, ...], Field(max_length=32), ListMap("name")
    ] = ()
    """What else is taken out, in this order."""


class Gateway(ApiModel):
    """The Gateway that the route attaches to."""

    name: Annotated[DnsName, Effect.NEW_ROUTE]
    """Name of the Gateway."""
    namespace: Annotated[DnsName | None, Effect.NEW_ROUTE] = None
    """Its namespace; the router's own when absent."""
    section_name: Annotated[DnsName | None, Effect.NEW_ROUTE] = None
    """One listener of it; all that allow the route when absent."""


_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"

Hostname = Annotated[
    str,
    Field(max_length=253),
    Rule(
        rf"self.matches(r'^(\*\.)?{_LABEL}(\.{_LABEL})*$')",
        "say a host name in lower case, such as llm.example.com or *.example.com",
    ),
]
"""A host name, the first label perhaps a star."""


class Split(StrEnum):
    """Who sends a candidate its share of the traffic."""

    GATEWAY = "Gateway"
    """The Gateway, by the weights of the HTTPRoute; callers of Service NAME reach the
    stable pods alone."""
    STICKY = "Sticky"
    """The stable pods, by a hash of the session: also for callers of Service NAME, and
    a session that was handed over stays while the share rises."""


class Traffic(ApiModel):
    """How requests reach the pods."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.split) || self.split != 'Gateway' || has(self.gateway)",
            "traffic.split Gateway needs traffic.gateway: name a Gateway, or say"
            " Sticky",
            ".split",
        ),
    )

    gateway: Gateway | None = None
    """The Gateway to attach to; callers within the cluster use Service NAME in any
    case."""
    split: Annotated[Split | None, Effect.NOTHING] = None
    """Who sends a candidate its share: Gateway where one is named, Sticky elsewhere,
    when absent."""
    hostnames: Annotated[
        tuple[Hostname, ...], Field(max_length=16), Effect.NEW_ROUTE
    ] = ()
    """Host names of the route; those of the Gateway when empty."""
    path_prefix: Annotated[
        str,
        Field(max_length=1024),
        Rule(
            "self.matches('^/([A-Za-z0-9_.~%-]+/?)*$')",
            "say a path that begins with a slash, such as / or /llm",
        ),
        Effect.NEW_ROUTE,
    ] = "/"
    """Path of the route."""
