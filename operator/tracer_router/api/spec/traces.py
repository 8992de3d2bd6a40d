"""The `traces` section: what is recorded, how it is redacted, and where."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from tracer_router.api.base.model import ApiModel, Effect, ListMap, Rule
from tracer_router.api.field_types.duration import Duration, DurationRange
from tracer_router.api.field_types.string_types import HttpUrl, SecretName

__all__ = ["Capture", "RedactPattern", "S3Store", "Store", "StoreCredentials", "Traces"]


class StoreCredentials(ApiModel):
    """A reference to the credentials of a bucket."""

    secret_name: Annotated[SecretName, Effect.NOTHING]
    """Name of a Secret in the same namespace with the keys `access-key-id` and
    `secret-access-key`."""


class S3Store(ApiModel):
    """A bucket on AWS S3 or on a server with a compatible API.

    The server must support conditional writes (`If-None-Match: *`).
    """

    bucket: Annotated[
        str,
        Field(max_length=63),
        Rule(
            "self.matches('^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$')",
            "must be the name of a bucket: 3 to 63 lowercase letters, digits, '-', and"
            " '.', for example my-traces",
        ),
        Effect.RECERTIFY,
    ]
    """Name of the bucket. The bucket must exist. Changing this field invalidates the
    certificate."""
    endpoint: Annotated[HttpUrl | None, Effect.RECERTIFY] = None
    """URL of the S3 server, for example `http://minio.storage.svc:9000`. If not set,
    AWS S3 is used. Changing this field invalidates the certificate."""
    region: Annotated[
        str,
        Field(max_length=64),
        Rule(
            "self.matches('^[a-z0-9-]+$')",
            "must be a region of lowercase letters, digits, and '-', for example"
            " us-east-1",
        ),
        Effect.RECERTIFY,
    ] = "us-east-1"
    """Region of the bucket. Changing this field invalidates the certificate. Defaults
    to `us-east-1`."""
    prefix: Annotated[
        str | None,
        Field(max_length=512),
        Rule(
            "self.matches('^[A-Za-z0-9_.=-]+(/[A-Za-z0-9_.=-]+)*$')"
            " && !self.split('/').exists(part, part == '..' || part == '.')",
            "must be a relative path without '.' and '..' and without a slash at either"
            " end, for example team/tickets",
        ),
        Effect.RECERTIFY,
    ] = None
    """Path of the router within the bucket. A router that is created again with the
    same path adopts the stored traces and the ledger of attempts. If not set, the path
    is `NAMESPACE/NAME`. Changing this field invalidates the certificate."""
    credentials: StoreCredentials | None = None
    """Credentials of the bucket. If not set, the pods use their own identity, such as
    IAM roles for service accounts."""


class Store(ApiModel):
    """The storage location of traces, bundles, and the ledger of attempts."""

    s3: S3Store
    """A bucket on AWS S3 or on a server with a compatible API."""


class Capture(StrEnum):
    """What is recorded of a request."""

    REDACTED = "Redacted"
    """The text after redaction and the answer of the teacher."""
    RAW = "Raw"
    """The text as received and the answer of the teacher."""
    DISABLED = "Disabled"
    """Nothing; no training is possible, and a certified surrogate keeps serving."""


class RedactPattern(ApiModel):
    """A pattern whose matches are redacted in addition to those of the redactor."""

    name: Annotated[
        str,
        Field(max_length=32),
        Rule(
            "self.matches('^[a-z][a-z0-9-]*$')",
            "must start with a lowercase letter and contain only lowercase letters,"
            " digits, and '-', for example ticket",
        ),
        Effect.SURROGATE_OFF,
    ]
    """Name of the pattern. Each match is replaced by the name in brackets: `[ticket]`
    for name `ticket`. Changing this field invalidates the certificate."""
    pattern: Annotated[
        str,
        Field(min_length=1, max_length=256),
        Rule(
            "!''.matches(self)",
            "must be an RE2 regular expression that does not match the empty string,"
            " for example T-[0-9]{4,9}",
        ),
        Effect.SURROGATE_OFF,
    ]
    """Regular expression in RE2 syntax, which has no look-around and no
    back-references and takes linear time on any text. Must not match the empty string.
    Changing this field invalidates the certificate."""


class Traces(ApiModel):
    """What is recorded of requests, and where it is stored."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.capture != 'Raw' || (self.redactor == 'standard'"
            " && (!has(self.redact) || self.redact.size() == 0))",
            "traces.redact and traces.redactor are not allowed if traces.capture is"
            " Raw, because Raw disables redaction; remove traces.redact and"
            " traces.redactor, or set traces.capture to Redacted",
            ".capture",
        ),
    )

    store: Store | None = None
    """Storage location of traces, bundles, and the ledger of attempts. If not set, the
    store of the chart is used."""
    retention: Annotated[
        Duration, DurationRange("1d", "3650d", "90d"), Effect.NOTHING
    ] = Duration("90d")
    """Maximum age of a trace. Maintenance deletes older traces once a night; the ledger
    of attempts is kept, because it contains no text. Must be between 1d and 3650d.
    Defaults to 90d."""
    capture: Annotated[Capture, Effect.SURROGATE_OFF] = Capture.REDACTED
    """What is recorded of a request. `Redacted`: the text after redaction and the
    answer of the teacher. `Raw`: the text as received and the answer of the teacher.
    `Disabled`: nothing; no training is possible, and a certified surrogate keeps
    serving. The surrogate receives texts in the recorded form, so changing between
    `Redacted` and `Raw` invalidates the certificate. Defaults to `Redacted`."""
    redactor: Annotated[
        str,
        Field(max_length=63),
        Rule(
            "self.matches('^[a-z]([a-z0-9-]*[a-z0-9])?$') && self != 'none'",
            "must be standard or the name of a redactor in the runtime image: lowercase"
            " letters, digits, and '-', starting with a letter",
        ),
        Effect.SURROGATE_OFF,
    ] = "standard"
    """Redactor that removes personal and secret data from texts. `standard` replaces
    email addresses, phone numbers, card numbers, other long numbers, and keys. Another
    value is the name of a redactor that your runtime image provides. Changing this
    field invalidates the certificate. Defaults to `standard`."""
    redact: Annotated[
        tuple[RedactPattern, ...], Field(max_length=32), ListMap("name")
    ] = ()
    """Patterns whose matches are redacted after the redactor has run, in this order, at
    most 32."""
