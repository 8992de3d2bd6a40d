"""What is asked of an attempt, all of it fixed before a row is read."""

from dataclasses import dataclass
from datetime import datetime

from tracer_bentos.redaction.standard import StandardRedactor

__all__ = ["AttemptParameters"]


@dataclass(frozen=True, slots=True)
class AttemptParameters:
    """The terms of one attempt."""

    attempt: int
    """Number of the attempt."""
    target: float
    """Agreement asked for, as a fraction."""
    confidence: float
    """Confidence over all attempts together."""
    level: float
    """Error level of this attempt."""
    minimum: int
    """Labelled rows of the uniform sample without which nothing is tried."""
    seed: int
    """Seed of everything random."""
    redaction: str = StandardRedactor.identity
    """Identity of the redactor of the rows' texts."""
    until: datetime | None = None
    """Only segments sealed before this moment were read; none for other files."""
    after: datetime | None = None
    """Newest row of any earlier test; only newer rows may certify."""
    budget: float | None = None
    """Error probability of all attempts together, where an earlier one had more."""
    strict: bool = False
    """Whether every cell must reach the target by itself in training."""
