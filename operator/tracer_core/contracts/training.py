"""A training attempt: what it is asked, and what it answers exactly once."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from tracer_core.contracts.certificate import Certificate
from tracer_core.contracts.document import Document, sha256_digest
from tracer_core.contracts.embedder import NamedEmbedder
from tracer_core.contracts.redaction import Redaction

__all__ = ["AttemptOutcome", "AttemptRequest", "AttemptResult", "TrainingSummary"]


class AttemptRequest(Document):
    """What the operator asks of one attempt, fixed before its Job is made."""

    version: int = 1
    """Version of this format."""
    router: str
    """Namespace and name of the router, as ``namespace/name``."""
    uid: str
    """Identity of the router: a namesake made later asks anew."""
    attempt: int = Field(ge=1)
    """Number of the revision; its number in the ledger is the first one free."""
    until: datetime
    """Only traces received before this moment belong to the row set."""
    target: float
    """Agreement asked for, as a fraction."""
    confidence: float
    """Confidence over all attempts together, as a fraction."""
    minimum: int
    """Labelled rows of the uniform sample without which nothing is tried."""
    seed: int
    """Seed of everything random in the attempt."""
    redaction: Redaction = Redaction()
    """Only texts redacted in this way belong to the row set."""
    task: str | None = None
    """Fingerprint of the task to learn; the one with the most rows when absent."""
    embedder: NamedEmbedder | None = None
    """The sentence encoder that may be used beside the usual ones."""

    @property
    def digest(self) -> str:
        """Digest of the row-set statement: the same request, the same rows."""
        return sha256_digest(self.to_json())


class AttemptOutcome(StrEnum):
    """How an attempt ended; both are results, neither is a failure."""

    CERTIFIED = "Certified"
    REFUSED = "Refused"


class AttemptResult(Document):
    """The write-once result of an attempt, in the store beside the ledger."""

    version: int = 1
    """Version of this format."""
    request: str
    """Digest of the request that it answers."""
    attempt: int
    """Number of the attempt."""
    outcome: AttemptOutcome
    """Certified or refused."""
    reason: str
    """Why, for people."""
    rows: int
    """Usable labelled rows that were read."""
    quarantined: int = 0
    """Trace lines that could not be read; named in the quarantine file."""
    quarantine: tuple[str, ...] = ()
    """The first of them, as ``segment:line: reason``."""
    rows_digest: str
    """Digest of the rows that were used."""
    tested: bool = False
    """Whether certify rows were looked at; if not, the next attempt has the level."""
    seen_until: datetime | None = None
    """Time of the newest row looked at; later attempts certify on newer ones only."""
    chain_passed: bool = False
    """Whether every step of the pre-declared chain passed: recycles the level."""
    level: float
    """Error level that this attempt was given."""
    certificate: Certificate | None = None
    """The certificate, when certified."""
    bundle: str | None = None
    """Digest of the bundle."""
    bento: str | None = None
    """Digest of the exported Bento archive, ``sha256:HEX``."""
    bento_key: str | None = None
    """Where the archive lies, relative to the router's prefix in the store."""


class TrainingSummary(Document):
    """The Job's termination message: at most 4 KiB, never a row's text."""

    attempt: int
    """Number of the attempt."""
    request: str
    """Digest of the request that it answers."""
    outcome: AttemptOutcome
    """Certified or refused."""
    reason: str
    """Why, for people."""
    rows: int
    """Usable labelled rows that were read."""
    quarantined: int = 0
    """Trace lines that could not be read."""
    quarantine: tuple[str, ...] = ()
    """The first three of them."""
    result: str
    """Digest of the whole result document."""
    task: str | None = None
    """Fingerprint of the certified task."""
    bundle: str | None = None
    """Digest of the bundle."""
    bento: str | None = None
    """Digest of the Bento archive."""
    bento_key: str | None = None
    """Where the archive lies, relative to the router's prefix."""
    target: float | None = None
    """Agreement that is claimed."""
    confidence: float | None = None
    """Confidence over all attempts."""
    level: float | None = None
    """Error level of this attempt."""
    n: int | None = None
    """Accepted certify rows."""
    k: int | None = None
    """Of those, how many matched."""
    m: int | None = None
    """Of those, missing answers."""
    coverage: float | None = None
    """Share of certify rows answered; a point estimate."""
