"""The runtime configuration: one versioned document for every pod of a router.

The operator builds it in `tracer_router.resources.runtime_config` and writes it into
the pod template. Data-plane pods, maintenance pods, and training pods read it with
`RuntimeConfig.from_environment`; the command line builds it from its options. What
differs between the pods or processes of one revision, such as the pod name, is not part
of the document: see `tracer_core.contracts.runtime`.

The document is closed: an unknown field is an error, because a pod must not start with
a setting that it would ignore. Fields that are equal to their default are not written,
so a pod of an older runtime image reads the document of a newer operator unless the
router uses a new field. For this reason, a default is part of the format version.

The document contains no secret; it contains the paths of mounted files with secrets.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from typing_extensions import override

from tracer_core.contracts import runtime
from tracer_core.contracts.access import AccessMode
from tracer_core.contracts.document import Document, describe_validation_error
from tracer_core.contracts.protocol import TeacherProtocol
from tracer_core.contracts.redaction import Redaction
from tracer_core.contracts.runtime import HttpVersion
from tracer_core.errors import SpecError

__all__ = [
    "AccessConfig",
    "AuditConfig",
    "CacheConfig",
    "ConfigSection",
    "EmbedderConfig",
    "EndpointConfig",
    "LimitsConfig",
    "PriceConfig",
    "RevisionConfig",
    "RuntimeConfig",
    "StoreConfig",
    "TasksConfig",
    "TeacherConfig",
    "TracesConfig",
    "TrainingConfig",
]

Header = Annotated[str, StringConstraints(min_length=1, to_lower=True)]
"""The name of an HTTP header, in lower case."""
Price = Annotated[Decimal, Field(ge=0)]
"""A price in the currency of the user."""


class ConfigSection(Document):
    """A section of the document; it has no unknown fields."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def from_options(cls, fields: Mapping[str, Any], option: str) -> Self:
        """Return a section from options of a command.

        Args:
            fields: Values by field.
            option: Name of the option in messages.

        Raises:
            SpecError: A value is invalid; the message contains the option, the field,
                and what is allowed.
        """
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            fault = describe_validation_error(cls, error)
            raise SpecError(f"{option}: {fault}") from None


class EndpointConfig(ConfigSection):
    """One classification endpoint of a teacher with protocol HTTP."""

    path: str
    """Path as clients send it."""
    input: tuple[str, ...] = Field(min_length=1)
    """JSON paths of the texts to classify in a request."""
    label: str = "$"
    """JSON path of the label in a response."""


class PriceConfig(ConfigSection):
    """Token prices of one model."""

    model: str
    """Name of the model as it appears in requests."""
    input_per_million_tokens: Price
    """Price of one million prompt tokens."""
    cached_input_per_million_tokens: Price | None = None
    """Price of one million cached prompt tokens; the full price if not set."""
    output_per_million_tokens: Price
    """Price of one million tokens of the answer."""


class TeacherConfig(ConfigSection):
    """The teacher and the connections to it."""

    url: str
    """Base URL, without a slash at the end."""
    protocol: TeacherProtocol = TeacherProtocol.OPENAI
    """Protocol of the teacher."""
    endpoints: tuple[EndpointConfig, ...] = ()
    """Endpoints of a teacher with protocol HTTP."""
    identity: str = ""
    """Identity of the teacher in task fingerprints; empty if model names suffice."""
    key_file: Path | None = None
    """File with the key that the pod sends to the teacher, reloaded when it changes. If
    not set, the client's own key is forwarded."""
    ca_file: Path | None = None
    """PEM file of certificate authorities in addition to those of the system."""
    proxy: str | None = None
    """URL of the proxy to the teacher; if not set, HTTP_PROXY and the like apply."""
    http_version: HttpVersion = HttpVersion.HTTP1
    """HTTP version of the connections to the teacher."""
    prices: tuple[PriceConfig, ...] = ()
    """Token prices by model."""

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str) -> str:
        parts = urlsplit(url.rstrip("/"))
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
            raise ValueError(
                "must be the base URL of the teacher, for example"
                " https://api.openai.com/v1"
            )
        return url.rstrip("/")

    @property
    def base_url(self) -> str:
        """The URL that replaces a client's `/v1`.

        OpenAI clients are configured with a URL that includes it, and some OpenAI
        teachers have none; paths of all other clients are complete.
        """
        complete = self.protocol is TeacherProtocol.OPENAI or self.url.endswith("/v1")
        return self.url if complete else self.url + "/v1"


class AccessConfig(ConfigSection):
    """Authentication of clients."""

    mode: AccessMode = AccessMode.PASS_THROUGH
    """How clients are authenticated."""
    lifetime_seconds: float = Field(default=600, ge=0)
    """How long a client key stays accepted after the teacher last answered a request
    with it, with PassThrough."""
    client_keys: Path | None = None
    """Folder with the keys of the clients, reloaded when it changes. Required with
    ClientKeys."""
    caller_header: Header | None = None
    """Header in which a gateway identifies the caller. Required with GatewayHeader."""

    @model_validator(mode="after")
    def _check_mode(self) -> Self:
        if self.mode is AccessMode.CLIENT_KEYS and self.client_keys is None:
            raise ValueError("clientKeys is required if mode is ClientKeys")
        if self.mode is AccessMode.GATEWAY_HEADER and self.caller_header is None:
            raise ValueError("callerHeader is required if mode is GatewayHeader")
        return self


class TasksConfig(ConfigSection):
    """How requests are grouped into tasks and sessions."""

    header: Header = "x-tracer-task"
    """Header in which a client can name its task."""
    session_header: Header = "x-session-id"
    """Header in which a client names its session."""
    ignore: tuple[str, ...] = ()
    """Request fields that are not part of the definition of a task."""
    limit: int = Field(default=64, ge=1)
    """Number of tasks that are counted separately."""


class StoreConfig(ConfigSection):
    """The part of the trace store that belongs to one router."""

    url: str
    """s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX, or
    file:///FOLDER, without a slash at the end."""
    endpoint: str | None = None
    """URL of an S3 server other than AWS."""
    region: str = "us-east-1"
    """Region of the bucket."""
    credentials: Path | None = None
    """Folder with the files access-key-id and secret-access-key; if not set, the
    identity of the pod applies."""

    @field_validator("url")
    @classmethod
    def _strip(cls, url: str) -> str:
        return url.rstrip("/")

    @classmethod
    def from_environment(cls, url: str, environment: Mapping[str, str]) -> Self:
        """Return a store that was named on the command line.

        Args:
            url: URL of the store.
            environment: Source of endpoint, region, and credentials.
        """
        given = {
            "endpoint": environment.get(runtime.STORE_ENDPOINT),
            "region": environment.get(runtime.STORE_REGION),
            "credentials": environment.get(runtime.STORE_CREDENTIALS),
        }
        return cls.model_validate(
            {"url": url} | {name: value for name, value in given.items() if value}
        )


class TracesConfig(ConfigSection):
    """What is recorded of requests, and where."""

    capture: bool = True
    """Whether traces are recorded."""
    redaction: Redaction = Redaction()
    """Redaction of every text before it is classified or recorded."""
    retention_seconds: int | None = Field(default=None, ge=1)
    """Maximum age of a trace, for the maintenance of the store; unlimited if not
    set."""
    store: StoreConfig | None = None
    """The trace store; if not set, nothing is recorded."""


class CacheConfig(ConfigSection):
    """The cache of answers for identical requests of one caller."""

    entries: int = Field(default=10_000, ge=1)
    """Maximum number of answers in the cache of one pod."""
    ttl_seconds: float = Field(ge=0)
    """How long an answer can be reused."""


class LimitsConfig(ConfigSection):
    """How much one pod accepts."""

    request_bytes: int = Field(default=16 * 1024 * 1024, ge=0)
    """Maximum size of a request body that is read into memory."""
    concurrent_requests: int = Field(default=1000, ge=0)
    """Maximum number of requests in flight."""


class AuditConfig(ConfigSection):
    """The audit budget of one pod."""

    per_hour: int | None = Field(default=None, ge=0)
    """Maximum number of audits per hour; unlimited if not set."""


class RevisionConfig(ConfigSection):
    """The revision that a pod serves."""

    number: int = Field(default=0, ge=0)
    """Number of the revision."""
    bundle: str | None = None
    """Digest of the bundle; not set for a pass-through."""
    bento: str | None = None
    """Digest of the Bento archive that contains the bundle."""
    bento_key: str | None = None
    """Key of the archive in the store."""


class EmbedderConfig(ConfigSection):
    """The sentence encoder that a user named."""

    price_per_million_tokens: Price = Decimal(0)
    """Price of one million tokens of the embeddings endpoint."""
    folder: Path | None = None
    """Folder of the ONNX encoder that an attempt can use."""


class TrainingConfig(ConfigSection):
    """The pods of a distributed training attempt."""

    scheduler: str
    """tcp://HOST:PORT of the Dask scheduler; only pods of the attempt can reach it."""
    workers: int = Field(ge=1)
    """Number of workers in addition to the driver."""


class RuntimeConfig(ConfigSection):
    """The configuration of one pod."""

    version: Literal[1] = 1
    """Version of this format."""
    teacher: TeacherConfig | None = None
    """The teacher; required by the data plane."""
    access: AccessConfig = AccessConfig()
    """Authentication of clients."""
    tasks: TasksConfig = TasksConfig()
    """How requests are grouped into tasks and sessions."""
    traces: TracesConfig = TracesConfig()
    """What is recorded of requests, and where."""
    cache: CacheConfig | None = None
    """The cache of answers; disabled if not set."""
    limits: LimitsConfig = LimitsConfig()
    """How much one pod accepts."""
    audit: AuditConfig = AuditConfig()
    """The audit budget."""
    revision: RevisionConfig = RevisionConfig()
    """The revision that the pod serves."""
    embedder: EmbedderConfig = EmbedderConfig()
    """The sentence encoder that a user named."""
    training: TrainingConfig | None = None
    """The pods of a distributed training attempt."""

    @override
    def to_json(self) -> bytes:
        """Return the canonical bytes, without the fields that have their default."""
        content = self.model_dump(
            mode="json", by_alias=True, exclude_none=True, exclude_defaults=True
        )
        text = json.dumps(
            content | {"version": self.version},
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
        )
        return text.encode()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Return the document that an environment contains or names.

        Args:
            environment: Contains the document in TRACER_CONFIG or the path of a file in
                TRACER_CONFIG_FILE; the defaults apply with neither.

        Raises:
            SpecError: Both variables are set, the file cannot be read, or the document
                is invalid; the message contains the path of the field and what is
                allowed.
        """
        text = environment.get(runtime.CONFIG)
        file = environment.get(runtime.CONFIG_FILE)
        if text and file:
            raise SpecError(
                f"{runtime.CONFIG} and {runtime.CONFIG_FILE} are both set; remove one"
            )
        if not text and not file:
            return cls()
        try:
            return cls.model_validate_json(text or Path(file or "").read_bytes())
        except OSError as error:
            raise SpecError(
                f"{runtime.CONFIG_FILE}: cannot read {file}: {error.strerror}"
            ) from None
        except ValidationError as error:
            fault = describe_validation_error(cls, error)
            raise SpecError(f"{file or runtime.CONFIG}: {fault}") from None
