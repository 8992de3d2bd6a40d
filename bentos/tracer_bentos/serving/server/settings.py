"""What one data-plane process is told by its environment, read once at start."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

from tracer_bentos.protocols.protocol_config import ProtocolConfig
from tracer_bentos.serving.auth.accepted_key_cache import LIFETIME_SECONDS
from tracer_bentos.serving.decision.cache import CacheSize
from tracer_bentos.serving.http_server.limits import (
    DEFAULT_CONCURRENT_REQUESTS,
    DEFAULT_REQUEST_BYTES,
    RequestLimits,
)
from tracer_bentos.serving.telemetry.pricing import ParsedPrice
from tracer_core import constants
from tracer_core.contracts import runtime
from tracer_core.contracts.access import AccessMode
from tracer_core.contracts.redaction import Redaction
from tracer_core.contracts.runtime import HttpVersion
from tracer_core.errors import DocumentError, SpecError

__all__ = ["Settings", "read_settings"]

ConfigValue = TypeVar("ConfigValue", bound=StrEnum)

# For tests; neither the operator nor the command line writes these.
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
    """The whole configuration of one process."""

    teacher_url: str
    """Base URL of the teacher; stands for a client's `/v1`."""
    speech: ProtocolConfig = field(default_factory=ProtocolConfig)
    """What it speaks."""
    teacher_identity: str = ""
    """Which teacher it is, as fingerprints say it."""
    teacher_key_file: Path | None = None
    """File with the teacher's key; none when clients bring their own."""
    teacher_authorities: Path | None = None
    """File of certificates by which the teacher is believed, beside the usual ones."""
    teacher_proxy: str | None = None
    """URL of the proxy to the teacher; none for what the usual variables say."""
    teacher_http: HttpVersion = HttpVersion.HTTP1
    """How HTTP is spoken to it."""
    access: AccessMode = AccessMode.PASS_THROUGH
    """Who may call."""
    client_keys: Path | None = None
    """Folder of the clients' keys, with ClientKeys."""
    caller_header: str | None = None
    """Header in which a gateway names the caller, with GatewayHeader."""
    acceptance_seconds: float = LIFETIME_SECONDS
    """How long the teacher's acceptance of a key counts, with PassThrough."""
    limits: RequestLimits = field(default_factory=RequestLimits)
    """How much it takes on."""
    prices: tuple[ParsedPrice, ...] = ()
    """What the teacher's models cost."""
    embeddings_price: Decimal = Decimal(0)
    """Price of a million tokens of the embeddings endpoint."""
    revision: int = 0
    """Number of the revision that this process runs."""
    bundle_digest: str | None = None
    """Digest of the bundle; none for a pass-through."""
    bento_digest: str | None = None
    """Digest of the archive that holds the bundle."""
    bento_key: str | None = None
    """Where the archive lies in the store."""
    audits_per_hour: int | None = None
    """Audits that are paid for in an hour at most; none for no limit."""
    cache: CacheSize | None = None
    """Answers kept for exact repeats; none when it is off."""
    redaction: Redaction = field(default_factory=Redaction)
    """What every text goes through first."""
    capture: bool = True
    """Whether traces are kept."""
    store: Mapping[str, str] = field(default_factory=dict)
    """The environment that `open_store` reads; empty when nothing is captured."""
    store_url: str = ""
    """URL of the trace store."""
    policy_file: Path | None = None
    """The policy document as it was when the pod started."""
    spool: Path = DEFAULT_SPOOL
    """Folder of the write-ahead segments."""
    pod: str = "local"
    """Name of the pod, for segment names."""
    session_header: str = "x-session-id"
    """Header that names a client's session."""
    task_header: str = "x-tracer-task"
    """Header by which a client may name its task."""
    task_limit: int = 64
    """Tasks that are told apart."""
    host: str = ""
    """Address to bind; empty for every interface, IPv4 and IPv6."""
    traffic_port: int = constants.TRAFFIC_PORT
    """Port of clients' requests; 0 for any free one."""
    internal_port: int = constants.INTERNAL_PORT
    """Port of evidence, policy, health and metrics; 0 for any free one."""
    decision_seconds: float = 0.5
    """How long a request waits for a transformer or an endpoint to decide."""
    segment_records: int = 2000
    """Records after which a segment is sealed."""
    segment_seconds: float = 15.0
    """Age at which a segment is sealed."""
    spool_bytes: int = SPOOL_LIMIT
    """Local disk that pending traces may take."""
    linger_seconds: float = 3.0
    """How long requests are still taken after SIGTERM, while endpoints update."""
    inflight_seconds: float = 60.0
    """How long requests in flight may take to finish after that."""
    upload_seconds: float = 15.0
    """How long the last traces may take to reach the store."""
    farewell_seconds: float = 10.0
    """How long the last counts wait to be read."""


def read_settings(  # long: one line a setting
    environment: Mapping[str, str] = os.environ,
) -> Settings:
    """Read the settings from environment variables.

    Raises:
        SpecError: A variable is missing or malformed; says which and what to write.
    """
    given = {key: value for key, value in environment.items() if value}
    number = partial(_number, given)
    speech = ProtocolConfig.read(given)
    return Settings(
        teacher_url=speech.base_url(_teacher_url(given)),
        speech=speech,
        teacher_identity=given.get(runtime.TEACHER_IDENTITY, ""),
        teacher_key_file=_path(given, runtime.TEACHER_KEY_FILE),
        teacher_authorities=_path(given, runtime.TEACHER_AUTHORITIES),
        teacher_proxy=given.get(runtime.TEACHER_PROXY),
        teacher_http=_enum_member(given, runtime.TEACHER_HTTP, HttpVersion.HTTP1),
        access=_access(given),
        client_keys=_path(given, runtime.CLIENT_KEYS),
        caller_header=given.get(runtime.CALLER_HEADER, "").lower() or None,
        acceptance_seconds=number(runtime.ACCEPTANCE_SECONDS, LIFETIME_SECONDS),
        limits=_limits(given),
        prices=_prices(given),
        embeddings_price=_price(given, runtime.EMBEDDINGS_PRICE),
        revision=int(number(runtime.REVISION, 0)),
        bundle_digest=given.get(runtime.BUNDLE_DIGEST),
        bento_digest=given.get(runtime.BENTO_DIGEST),
        bento_key=given.get(runtime.BENTO_KEY),
        audits_per_hour=_count(given, runtime.AUDITS_PER_HOUR),
        cache=_cache(given),
        redaction=_redaction(given),
        capture=given.get(runtime.CAPTURE) != "Disabled",
        store=_store(given),
        store_url=given.get(runtime.STORE_URL, ""),
        policy_file=_path(given, runtime.POLICY_FILE),
        spool=_path(given, runtime.SPOOL) or DEFAULT_SPOOL,
        pod=given.get(runtime.POD_NAME, "local"),
        session_header=given.get(runtime.SESSION_HEADER, "x-session-id").lower(),
        task_header=given.get(runtime.TASK_HEADER, "x-tracer-task").lower(),
        task_limit=max(int(number(runtime.TASKS_LIMIT, 64)), 1),
        host=given.get(runtime.HOST, ""),
        traffic_port=int(number(runtime.TRAFFIC_PORT, constants.TRAFFIC_PORT)),
        internal_port=int(number(runtime.INTERNAL_PORT, constants.INTERNAL_PORT)),
        decision_seconds=number(DECISION_TIMEOUT_SECONDS, 0.5),
        segment_records=int(number(SEGMENT_RECORDS, 2000)),
        segment_seconds=number(SEGMENT_SECONDS, 15),
        spool_bytes=int(number(SPOOL_BYTES, SPOOL_LIMIT)),
        linger_seconds=number(runtime.SHUTDOWN_DELAY_SECONDS, 3),
        inflight_seconds=number(INFLIGHT_TIMEOUT_SECONDS, 60),
        upload_seconds=number(UPLOAD_TIMEOUT_SECONDS, 15),
        farewell_seconds=number(runtime.FINAL_SCRAPE_TIMEOUT_SECONDS, 10),
    )


def _path(given: Mapping[str, str], name: str) -> Path | None:
    return Path(given[name]) if name in given else None


def _number(given: Mapping[str, str], name: str, default: float) -> float:
    try:
        number = float(given.get(name, default))
    except ValueError:
        raise SpecError(f"{name}={given[name]!r} is not a number") from None
    if number < 0:
        raise SpecError(f"{name}={given[name]!r} is negative")
    return number


def _teacher_url(given: Mapping[str, str]) -> str:
    url = given.get(runtime.TEACHER_URL, "").rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
        raise SpecError(
            f"{runtime.TEACHER_URL}={url!r}: say the teacher's base URL, "
            "for example https://api.openai.com/v1"
        )
    return url


def _enum_member(
    given: Mapping[str, str], name: str, usual: ConfigValue
) -> ConfigValue:
    named = given.get(name, usual)
    try:
        return type(usual)(named)
    except ValueError:
        raise SpecError(f"{name}={named!r}: say {' or '.join(type(usual))}") from None


def _access(given: Mapping[str, str]) -> AccessMode:
    mode = _enum_member(given, runtime.ACCESS, AccessMode.PASS_THROUGH)
    if mode is AccessMode.CLIENT_KEYS and runtime.CLIENT_KEYS not in given:
        raise SpecError(f"{mode} needs {runtime.CLIENT_KEYS}: name the folder of keys")
    if mode is AccessMode.GATEWAY_HEADER and runtime.CALLER_HEADER not in given:
        raise SpecError(f"{mode} needs {runtime.CALLER_HEADER}: name the header")
    return mode


def _limits(given: Mapping[str, str]) -> RequestLimits:
    return RequestLimits(
        request_bytes=int(_number(given, runtime.REQUEST_BYTES, DEFAULT_REQUEST_BYTES)),
        at_once=int(
            _number(given, runtime.REQUESTS_AT_ONCE, DEFAULT_CONCURRENT_REQUESTS)
        ),
    )


def _count(given: Mapping[str, str], name: str) -> int | None:
    return int(_number(given, name, 0)) if name in given else None


def _cache(given: Mapping[str, str]) -> CacheSize | None:
    if runtime.CACHE_SECONDS not in given:
        return None
    entries = int(_number(given, runtime.CACHE_ENTRIES, 10_000))
    return CacheSize(entries, _number(given, runtime.CACHE_SECONDS, 0))


def _redaction(given: Mapping[str, str]) -> Redaction:
    text = given.get(runtime.REDACTION)
    try:
        return Redaction.from_json(text) if text else Redaction()
    except DocumentError as error:
        raise SpecError(f"{runtime.REDACTION}: {error}") from None


def _prices(given: Mapping[str, str]) -> tuple[ParsedPrice, ...]:
    text = given.get(runtime.PRICES, "[]")
    try:
        return tuple(ParsedPrice.parse(item) for item in json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise SpecError(
            f"{runtime.PRICES} is not a list of model, inputPerMillionTokens and "
            f"outputPerMillionTokens: {error!r}"
        ) from None


def _price(given: Mapping[str, str], name: str) -> Decimal:
    try:
        return Decimal(given.get(name, "0"))
    except InvalidOperation:
        raise SpecError(f"{name}={given[name]!r} is not a price: write 0.02") from None


def _store(given: Mapping[str, str]) -> dict[str, str]:
    names = (
        runtime.STORE_URL,
        runtime.STORE_ENDPOINT,
        runtime.STORE_REGION,
        runtime.STORE_CREDENTIALS,
    )
    if runtime.STORE_URL not in given:
        return {}
    return {name: given[name] for name in names if name in given}
