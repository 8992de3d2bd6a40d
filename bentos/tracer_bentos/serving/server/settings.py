"""The settings of one data-plane process, read once at start.

They come from two sources: the runtime configuration of the router, and environment
variables for what differs between processes.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Final

from tracer_bentos.protocols.protocol_config import ProtocolConfig
from tracer_bentos.serving.auth.accepted_key_cache import LIFETIME_SECONDS
from tracer_bentos.serving.telemetry.pricing import ParsedPrice
from tracer_core import constants
from tracer_core.contracts import runtime
from tracer_core.contracts.access import AccessMode
from tracer_core.contracts.redaction import Redaction
from tracer_core.contracts.runtime import HttpVersion
from tracer_core.contracts.runtime_config import (
    CacheConfig,
    LimitsConfig,
    RuntimeConfig,
    StoreConfig,
)
from tracer_core.errors import SpecError

__all__ = ["Settings", "build_settings", "read_settings"]

# For tests; neither the operator nor the command line sets these.
SEGMENT_RECORDS: Final = "TRACER_SEGMENT_RECORDS"
SEGMENT_SECONDS: Final = "TRACER_SEGMENT_SECONDS"
DECISION_TIMEOUT_SECONDS: Final = "TRACER_DECISION_SECONDS"
SPOOL_BYTES: Final = "TRACER_SPOOL_BYTES"
INFLIGHT_TIMEOUT_SECONDS: Final = "TRACER_INFLIGHT_SECONDS"
UPLOAD_TIMEOUT_SECONDS: Final = "TRACER_UPLOAD_SECONDS"

# Not `tempfile.gettempdir()`: that one writes, and fails where the disk is full.
DEFAULT_SPOOL: Final = Path(os.environ.get("TMPDIR") or "/tmp") / "tracer-spool"  # noqa: S108
SPOOL_LIMIT: Final = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one process."""

    teacher_url: str
    """Base URL of the teacher; replaces a client's `/v1`."""
    protocol: ProtocolConfig = field(default_factory=ProtocolConfig)
    """Protocol of the teacher."""
    teacher_identity: str = ""
    """Identity of the teacher in task fingerprints."""
    teacher_key_file: Path | None = None
    """File with the key of the teacher; None if clients send their own keys."""
    teacher_authorities: Path | None = None
    """File of certificate authorities in addition to those of the system."""
    teacher_proxy: str | None = None
    """URL of the proxy to the teacher; None if HTTP_PROXY and the like apply."""
    teacher_http: HttpVersion = HttpVersion.HTTP1
    """HTTP version of the connections to the teacher."""
    access: AccessMode = AccessMode.PASS_THROUGH
    """How clients are authenticated."""
    client_keys: Path | None = None
    """Folder of the keys of the clients, with ClientKeys."""
    caller_header: str | None = None
    """Header in which a gateway identifies the caller, with GatewayHeader."""
    acceptance_seconds: float = LIFETIME_SECONDS
    """How long a key stays accepted by the teacher, with PassThrough."""
    limits: LimitsConfig = field(default_factory=LimitsConfig)
    """Limits of requests."""
    prices: tuple[ParsedPrice, ...] = ()
    """Prices of the models of the teacher."""
    embeddings_price: Decimal = Decimal(0)
    """Price of one million tokens of the embeddings endpoint."""
    revision: int = 0
    """Number of the revision."""
    bundle_digest: str | None = None
    """Digest of the bundle; None for a pass-through."""
    bento_digest: str | None = None
    """Digest of the archive that contains the bundle."""
    bento_key: str | None = None
    """Key of the archive in the store."""
    audits_per_hour: int | None = None
    """Maximum number of audits per hour; None for no limit."""
    cache: CacheConfig | None = None
    """Size of the cache of answers; None if it is disabled."""
    redaction: Redaction = field(default_factory=Redaction)
    """Redaction of every text."""
    capture: bool = True
    """Whether traces are recorded."""
    store: StoreConfig | None = None
    """The trace store; None if nothing is recorded."""
    policy_file: Path | None = None
    """The policy document at the start of the pod."""
    spool: Path = DEFAULT_SPOOL
    """Folder of the write-ahead segments."""
    pod: str = "local"
    """Name of the pod, for segment names."""
    session_header: str = "x-session-id"
    """Header in which a client names its session."""
    task_header: str = "x-tracer-task"
    """Header in which a client can name its task."""
    task_limit: int = 64
    """Number of tasks that are counted separately."""
    host: str = ""
    """Address of both listeners; empty for all interfaces, IPv4 and IPv6."""
    traffic_port: int = constants.TRAFFIC_PORT
    """Port of client requests; 0 for a free port."""
    internal_port: int = constants.INTERNAL_PORT
    """Port of evidence, policy, health, and metrics; 0 for a free port."""
    decision_seconds: float = 0.5
    """How long a request waits for the decision of a transformer or an endpoint."""
    segment_records: int = 2000
    """Number of records after which a segment is sealed."""
    segment_seconds: float = 15.0
    """Age at which a segment is sealed."""
    spool_bytes: int = SPOOL_LIMIT
    """Maximum size of pending traces on the local disk."""
    shutdown_delay_seconds: float = 3.0
    """How long requests are still accepted after SIGTERM, while endpoints update."""
    inflight_seconds: float = 60.0
    """How long requests in flight can take to finish after that."""
    upload_seconds: float = 15.0
    """How long the upload of the last traces can take."""
    final_scrape_seconds: float = 10.0
    """How long the process waits for the last scrape of its counters."""

    @property
    def store_url(self) -> str:
        """URL of the trace store; empty if there is none."""
        return self.store.url if self.store else ""


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of this process.

    Raises:
        SpecError: The runtime configuration or a variable is missing or invalid; the
            message names the field or the variable and what is allowed.
    """
    return build_settings(RuntimeConfig.from_environment(environment), environment)


def build_settings(config: RuntimeConfig, environment: Mapping[str, str]) -> Settings:
    """Return the settings of a process with a given configuration.

    Args:
        config: The configuration of the router.
        environment: Contains the variables of the process.

    Raises:
        SpecError: The configuration has no teacher, or a variable is invalid.
    """
    if config.teacher is None:
        raise SpecError(
            f"{runtime.CONFIG}: teacher: is required, for example"
            ' {"teacher":{"url":"https://api.openai.com/v1"}}'
        )
    teacher, access, tasks = config.teacher, config.access, config.tasks
    traces, revision = config.traces, config.revision
    given = {name: value for name, value in environment.items() if value}
    number = partial(_number, given)
    return Settings(
        teacher_url=teacher.base_url,
        protocol=ProtocolConfig.from_config(teacher, tasks.ignore),
        teacher_identity=teacher.identity,
        teacher_key_file=teacher.key_file,
        teacher_authorities=teacher.ca_file,
        teacher_proxy=teacher.proxy,
        teacher_http=teacher.http_version,
        access=access.mode,
        client_keys=access.client_keys,
        caller_header=access.caller_header,
        acceptance_seconds=access.lifetime_seconds,
        limits=config.limits,
        prices=tuple(ParsedPrice.from_config(price) for price in teacher.prices),
        embeddings_price=config.embedder.price_per_million_tokens,
        revision=revision.number,
        bundle_digest=revision.bundle,
        bento_digest=revision.bento,
        bento_key=revision.bento_key,
        audits_per_hour=config.audit.per_hour,
        cache=config.cache,
        redaction=traces.redaction,
        capture=traces.capture,
        store=traces.store,
        policy_file=_path(given, runtime.POLICY_FILE),
        spool=_path(given, runtime.SPOOL) or DEFAULT_SPOOL,
        pod=given.get(runtime.POD_NAME, "local"),
        session_header=tasks.session_header,
        task_header=tasks.header,
        task_limit=tasks.limit,
        host=given.get(runtime.HOST, ""),
        traffic_port=int(number(runtime.TRAFFIC_PORT, constants.TRAFFIC_PORT)),
        internal_port=int(number(runtime.INTERNAL_PORT, constants.INTERNAL_PORT)),
        decision_seconds=number(DECISION_TIMEOUT_SECONDS, 0.5),
        segment_records=int(number(SEGMENT_RECORDS, 2000)),
        segment_seconds=number(SEGMENT_SECONDS, 15),
        spool_bytes=int(number(SPOOL_BYTES, SPOOL_LIMIT)),
        shutdown_delay_seconds=number(runtime.SHUTDOWN_DELAY_SECONDS, 3),
        inflight_seconds=number(INFLIGHT_TIMEOUT_SECONDS, 60),
        upload_seconds=number(UPLOAD_TIMEOUT_SECONDS, 15),
        final_scrape_seconds=number(runtime.FINAL_SCRAPE_TIMEOUT_SECONDS, 10),
    )


def _path(given: Mapping[str, str], name: str) -> Path | None:
    return Path(given[name]) if name in given else None


def _number(given: Mapping[str, str], name: str, default: float) -> float:
    try:
        number = float(given.get(name, default))
    except ValueError:
        raise SpecError(f"{name}={given[name]!r}: must be a number") from None
    if number < 0:
        raise SpecError(f"{name}={given[name]!r}: must not be negative")
    return number
