"""State of a revision between reconciliations: baselines, detectors, and cells."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from tracer_core.contracts.counters import CellCounters, GuardCounters
from tracer_router.api.base.model import ApiModel

__all__ = [
    "Baseline",
    "ClosedCell",
    "Detector",
    "DriftWatch",
    "RepeatMark",
    "ShareBaseline",
]


class Baseline(CellCounters, GuardCounters, ApiModel):
    """Cumulative counts at a point in time, which are subtracted from later counts."""

    questions: int = 0
    """Number of classification requests."""


class ShareBaseline(ApiModel):
    """Request counts at the start of a step.

    The observed weight of the candidate is computed from the requests since then.
    """

    own: int = 0
    """Number of requests that the candidate had received."""
    others: int = 0
    """Number of requests that the other revisions had received."""


class Detector(ApiModel):
    """State of one drift detector."""

    cell: str = Field(max_length=1024)
    """Name of the cell that the detector monitors. Empty for the detector of the whole
    revision."""
    logs: str = Field(default="", max_length=256)
    """Detector statistic for each alternative, as natural logarithms separated by
    commas."""
    audits: int = 0
    """Number of audits that the detector has processed."""
    disagreed: int = 0
    """Number of those with a disagreement."""


class RepeatMark(ApiModel):
    """Cumulative counts at a point in time, used to attribute a later change."""

    repeats: int = 0
    """Number of repeated inputs: inputs that the teacher had already answered."""
    otherwise: int = 0
    """Number of those for which the answer differs from the first answer."""
    audits: int = 0
    """Number of audits."""
    disagreed: int = 0
    """Number of those with a disagreement."""


class DriftWatch(ApiModel):
    """The drift detectors of a live revision."""

    began: datetime
    """Time at which the revision became live."""
    audits: int = 0
    """Number of audits at that time."""
    answered: int = 0
    """Number of answers of the surrogate at that time."""
    told: datetime
    """Time at which the last batch of audits ended."""
    detectors: Annotated[tuple[Detector, ...], Field(max_length=130)] = ()
    """Detectors of the whole revision and of each cell."""
    older: RepeatMark | None = None
    """Counts that separate the recent period from the reference period. Repeated inputs
    after these counts are recent."""
    newer: RepeatMark | None = None
    """Counts that replace `older` when enough repeated inputs follow them."""


class ClosedCell(ApiModel):
    """A cell that the teacher answers again."""

    cell: str = Field(max_length=1024)
    """Name of the cell."""
    reason: str = Field(max_length=1024)
    """Human-readable reason, with the counts of the audits."""
    weakens: bool = False
    """Whether the certificate no longer covers the other cells until the next attempt.
    It remains valid for them if the cell was proven to be below the target."""
