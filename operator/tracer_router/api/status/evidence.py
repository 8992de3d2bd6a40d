"""Cumulative counts of a revision as its status keeps them: never counted twice.

Every boot of a pod counts from zero. The counts of live boots are kept apart by boot;
when a boot ends, its last counts move into `retired`.
"""

from typing import Annotated

from pydantic import Field

from tracer_router.api.base.model import ApiModel, ListMap

__all__ = [
    "BootCounts",
    "CellCounts",
    "EvidenceStatus",
    "LegCounts",
    "RevisionCounts",
    "RevisionTotals",
    "TaskCounts",
]


class CellCounts(ApiModel):
    """Cumulative audits of one cell."""

    cell: str = Field(max_length=1024)
    """Name of the cell."""
    agreed: int = 0
    """Audits in which the teacher agreed."""
    disagreed: int = 0
    """Audits in which the teacher disagreed."""
    missing: int = 0
    """Audits without a usable answer of the teacher."""


class TaskCounts(ApiModel):
    """Cumulative counts of one task."""

    task: str
    """Fingerprint of the task."""
    requests: int = 0
    """Requests of the task received."""
    answered: int = 0
    """Requests that the surrogate answered."""
    uniform_labelled: int = 0
    """Rows of the uniform sample captured with a usable label."""
    labels: int = 0
    """Distinct labels seen from the teacher, counted up to a bound."""
    repeats: int = 0
    """Labelled answers of the teacher to an input that it had answered before."""
    repeats_otherwise: int = 0
    """Of those, how many are not its first answer to that input."""
    audits_admitted: int = 0
    """Accepted requests whose audit was begun."""
    audits_agreed: int = 0
    """Audits in which the teacher agreed."""
    audits_disagreed: int = 0
    """Audits in which the teacher disagreed."""
    audits_missing: int = 0
    """Audits without a usable answer of the teacher."""
    cells: Annotated[tuple[CellCounts, ...], Field(max_length=129)] = ()
    """The same audits by cell."""
    cost_saved: str = "0"
    """Predicted teacher cost of what was answered without an audit, as a decimal."""
    cost_correction: str = "0"
    """What the audited answers add to it, weighted, as a decimal."""
    cost_spread: str = "0"
    """Estimated variance of the correction, as a decimal."""
    cost_samples: int = 0
    """Sessions that the spread rests on."""
    cost_audits: str = "0"
    """Cost of the teacher's answers to audits, as a decimal."""
    cost_cached: str = "0"
    """Predicted teacher cost of what the cache answered."""
    cost_teacher: str = "0"
    """Cost of the teacher's answers, audits included, as a decimal."""


class RevisionTotals(ApiModel):
    """Cumulative counts over all tasks and by task."""

    requests: int = 0
    """Requests taken."""
    surrogate: int = 0
    """Answered by the surrogate."""
    teacher: int = 0
    """Answered by the teacher."""
    failed: int = 0
    """Answered with an error of the pod's own."""
    faults: int = 0
    """Faults of our own in deciding; the teacher answered instead."""
    traces_written: int = 0
    """Traces that reached the store."""
    traces_dropped: int = 0
    """Traces given up under pressure."""
    cost_embeddings: str = "0"
    """Cost of the embeddings that were asked for, as a decimal."""
    tasks: Annotated[tuple[TaskCounts, ...], Field(max_length=65), ListMap("task")] = ()
    """Counts by task."""


class LegCounts(ApiModel):
    """How long our own part of one leg took."""

    questions: int = 0
    """Questions that went this way."""
    slow: int = 0
    """Of those, how many took it longer than 50 ms."""


class RevisionCounts(RevisionTotals):
    """Cumulative counts of one revision, with what is judged of it alone."""

    cached: int = 0
    """Answered by the cache."""
    diverted: int = 0
    """Handed over to the pods of a candidate; not among the requests taken."""
    refused: int = 0
    """Refused on purpose: unknown key, too large, too many at once."""
    surrogate_leg: LegCounts = LegCounts()
    """Answers of the surrogate: from the question read to the whole answer handed
    over."""
    teacher_leg: LegCounts = LegCounts()
    """Questions left to the teacher: from the question read until it is asked."""


class BootCounts(ApiModel):
    """The last counts of one live boot of one pod."""

    boot: str
    """Random id of the boot."""
    pod: str
    """Name of the pod."""
    counts: RevisionCounts = RevisionCounts()
    """What it has counted since it began."""


class EvidenceStatus(ApiModel):
    """All that the pods of a revision have counted."""

    retired: RevisionCounts = RevisionCounts()
    """Sum over the boots that have ended."""
    boots: Annotated[
        tuple[BootCounts, ...], Field(max_length=250), ListMap("boot")
    ] = ()
    """The last counts of live boots."""
    ended: Annotated[tuple[str, ...], Field(max_length=250)] = ()
    """Boots that were retired lately: what they may still say was counted already."""
