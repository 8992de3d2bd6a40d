"""The parameters of an attempt, fixed before a row is read."""

from dataclasses import dataclass
from datetime import datetime

from tracer_bentos.redaction.standard import StandardRedactor

__all__ = ["AttemptParameters"]


@dataclass(frozen=True, slots=True)
class AttemptParameters:
    """The parameters of one attempt."""

    attempt: int
    """Number of the attempt."""
    target: float
    """Required agreement, as a fraction."""
    confidence: float
    """Confidence over all attempts together."""
    level: float
    """Error level of this attempt."""
    minimum: int
    """Labeled rows of the uniform sample that an attempt requires."""
    seed: int
    """Seed of all random choices."""
    redaction: str = StandardRedactor.identity
    """Identity of the redactor of the texts."""
    until: datetime | None = None
    """Only segments sealed before this time were read; none for other files."""
    after: datetime | None = None
    """Time of the newest row of earlier tests; only newer rows can certify."""
    budget: float | None = None
    """Error probability of all attempts together, if an earlier one was larger."""
    strict: bool = False
    """Whether each cell must reach the target in training."""
