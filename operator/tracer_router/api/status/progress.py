"""What a revision remembers between two looks: baselines, detectors, closed cells."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from tracer_router.api.base.model import ApiModel
from tracer_router.api.status.evidence import LegCounts

__all__ = [
    "Baseline",
    "ClosedCell",
    "Detector",
    "DriftWatch",
    "RepeatMark",
    "ShareBaseline",
]


class Baseline(ApiModel):
    """Cumulative counts at a moment; what comes after is judged from there."""

    agreed: int = 0
    """Audits in which the teacher agreed."""
    disagreed: int = 0
    """Audits in which it did not."""
    missing: int = 0
    """Audits without a usable answer."""
    questions: int = 0
    """Questions taken."""
    faults: int = 0
    """Faults of our own."""
    surrogate_leg: LegCounts = LegCounts()
    """What was timed of the surrogate's answers."""
    teacher_leg: LegCounts = LegCounts()
    """What was timed of questions left to the teacher."""


class ShareBaseline(ApiModel):
    """Requests counted when a step began; its observed share is counted from there."""

    own: int = 0
    """Requests that the candidate had taken."""
    others: int = 0
    """Requests that the revisions beside it had taken."""


class Detector(ApiModel):
    """One drift detector and the audits it has been told."""

    cell: str = Field(max_length=1024)
    """The cell it watches; empty for the whole revision."""
    logs: str = Field(default="", max_length=256)
    """Its state: a logarithm for each alternative, with commas between."""
    audits: int = 0
    """Cumulative audits that it has been told."""
    disagreed: int = 0
    """Of those, disagreements."""


class RepeatMark(ApiModel):
    """Cumulative counts at a moment, from which a change is looked for."""

    repeats: int = 0
    """Inputs that the teacher had answered before."""
    otherwise: int = 0
    """Of those, how many it answered otherwise."""
    audits: int = 0
    """Audits."""
    disagreed: int = 0
    """Of those, disagreements."""


class DriftWatch(ApiModel):
    """The drift detectors of a live revision."""

    began: datetime
    """When it went live."""
    audits: int = 0
    """Audits that there were by then."""
    answered: int = 0
    """Answers of the surrogate that there were by then."""
    told: datetime
    """When the last batch ended."""
    detectors: Annotated[tuple[Detector, ...], Field(max_length=130)] = ()
    """The whole and every cell."""
    older: RepeatMark | None = None
    """What came after this is lately, what came before is the usual."""
    newer: RepeatMark | None = None
    """Takes the place of `older` once enough has come after it."""


class ClosedCell(ApiModel):
    """A cell that was given back to the teacher."""

    cell: str = Field(max_length=1024)
    """Name of the cell."""
    reason: str = Field(max_length=1024)
    """What its audits said."""
    weakens: bool = False
    """Whether the certificate no longer covers the rest until tested again. It does
    when the cell was shown to be below the target."""
