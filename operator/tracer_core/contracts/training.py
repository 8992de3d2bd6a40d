"""A training attempt: its request, and its result, which is written exactly once."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from tracer_core.contracts.certificate import Certificate
from tracer_core.contracts.document import Document, sha256_digest
from tracer_core.contracts.embedder import NamedEmbedder
from tracer_core.contracts.redaction import Redaction

__all__ = ["AttemptOutcome", "AttemptRequest", "AttemptResult", "TrainingSummary"]


class AttemptRequest(Document):
    """The request of one attempt, fixed before its Job is created."""

    version: int = 1
    """Version of this format."""
    router: str
    """Namespace and name of the router, as ``namespace/name``."""
    uid: str
    """UID of the router; a router with the same name that is created later has
    another."""
    attempt: int = Field(ge=1)
    """Number of the revision; in the ledger, the attempt gets the first free number."""
    until: datetime
    """Only traces that were received before this time belong to the row set."""
    target: float
    """Required agreement, as a fraction."""
    confidence: float
    """Confidence over all attempts together, as a fraction."""
    minimum: int
    """Minimum number of labeled rows of the uniform sample."""
    seed: int
    """Seed of all random choices in the attempt."""
    redaction: Redaction = Redaction()
    """Only texts with this redaction belong to the row set."""
    task: str | None = None
    """Fingerprint of the task; if absent, the task with the most rows."""
    embedder: NamedEmbedder | None = None
    """The sentence encoder that can be used in addition to the default ones."""

    @property
    def digest(self) -> str:
        """Digest of the request; equal requests select equal rows."""
        return sha256_digest(self.to_json())


class AttemptOutcome(StrEnum):
    """Outcome of an attempt; both outcomes are results, not failures."""

    CERTIFIED = "Certified"
    REFUSED = "Refused"


class AttemptResult(Document):
    """The result of an attempt, written once to the ledger in the store."""

    version: int = 1
    """Version of this format."""
    request: str
    """Digest of the request."""
    attempt: int
    """Number of the attempt."""
    outcome: AttemptOutcome
    """Certified or refused."""
    reason: str
    """Explanation of the outcome."""
    rows: int
    """Number of usable labeled rows that were read."""
    quarantined: int = 0
    """Number of invalid trace lines, which are listed in the quarantine file."""
    quarantine: tuple[str, ...] = ()
    """The first invalid lines, as ``segment:line: reason``."""
    rows_digest: str
    """Digest of the used rows."""
    tested: bool = False
    """Whether certification rows were read; if not, the next attempt gets the level."""
    seen_until: datetime | None = None
    """Time of the newest row that was read; later attempts certify on newer rows."""
    chain_passed: bool = False
    """Whether all steps of the declared chain passed, which recycles the level."""
    level: float
    """Error level of this attempt."""
    certificate: Certificate | None = None
    """The certificate, if certified."""
    bundle: str | None = None
    """Digest of the bundle."""
    bento: str | None = None
    """Digest of the exported Bento archive, ``sha256:HEX``."""
    bento_key: str | None = None
    """Key of the archive, relative to the prefix of the router in the store."""


class TrainingSummary(Document):
    """The termination message of the Job: at most 4 KiB, without text of rows."""

    attempt: int
    """Number of the attempt."""
    request: str
    """Digest of the request."""
    outcome: AttemptOutcome
    """Certified or refused."""
    reason: str
    """Explanation of the outcome."""
    rows: int
    """Number of usable labeled rows that were read."""
    quarantined: int = 0
    """Number of invalid trace lines."""
    quarantine: tuple[str, ...] = ()
    """The first three invalid lines."""
    result: str
    """Digest of the result document."""
    task: str | None = None
    """Fingerprint of the certified task."""
    bundle: str | None = None
    """Digest of the bundle."""
    bento: str | None = None
    """Digest of the Bento archive."""
    bento_key: str | None = None
    """Key of the archive, relative to the prefix of the router."""
    target: float | None = None
    """Certified agreement, as a fraction."""
    confidence: float | None = None
    """Confidence over all attempts, as a fraction."""
    level: float | None = None
    """Error level of this attempt."""
    n: int | None = None
    """Number of accepted certification rows."""
    k: int | None = None
    """Number of these rows in which the surrogate agreed with the teacher."""
    m: int | None = None
    """Number of these rows without a usable answer."""
    coverage: float | None = None
    """Share of certification rows that are answered; a point estimate."""
