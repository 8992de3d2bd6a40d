"""TODO-DOC."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from tracer_router.api.base.model import ApiModel, Effect, ListMap, Rule
from tracer_router.api.field_types.duration import Duration, DurationRange
from tracer_router.api.field_types.string_types import HttpUrl, SecretName

__all__ = ["Capture", "RedactPattern", "S3Store", "Store", "StoreCredentials", "Traces"]


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
    retention: Annotated[
        Duration, DurationRange("1d", "3650d", "90d"), Effect.NOTHING
    ] = Duration("90d")
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
