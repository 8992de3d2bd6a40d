"""Cumulative counters of a revision in its status.

Each pod process counts from zero. The counters of running processes are stored
separately. When a process ends, its last counters are added to `retired`, so that
nothing is counted twice. `tracer_core.contracts.counters` declares the counters.
"""

from typing import Annotated

from pydantic import Field

from tracer_core.contracts.counters import (
    CellCounters,
    RequestCounters,
    RevisionCounters,
    TaskCounters,
)
from tracer_router.api.base.model import ApiModel, ListMap

__all__ = [
    "BootCounts",
    "CellCounts",
    "EvidenceStatus",
    "RevisionCounts",
    "RevisionTotals",
    "TaskCounts",
]


class CellCounts(CellCounters, ApiModel):
    """Cumulative audits of one cell."""

    cell: str = Field(max_length=1024)
    """Name of the cell."""


class TaskCounts(TaskCounters, ApiModel):
    """Cumulative counters of one task."""

    task: str
    """Fingerprint of the task."""
    cells: Annotated[tuple[CellCounts, ...], Field(max_length=129)] = ()
    """The same audits by cell."""


class RevisionTotals(RequestCounters, ApiModel):
    """Cumulative counters over all tasks and by task."""

    tasks: Annotated[tuple[TaskCounts, ...], Field(max_length=65), ListMap("task")] = ()
    """Counters by task."""


class RevisionCounts(RevisionTotals, RevisionCounters):
    """Cumulative counters of one revision."""


class BootCounts(ApiModel):
    """Last counters of one running pod process."""

    boot: str
    """Random ID of the process."""
    pod: str
    """Name of the pod."""
    counts: RevisionCounts = RevisionCounts()
    """Counters since the start of the process."""


class EvidenceStatus(ApiModel):
    """All counters of the pods of a revision."""

    retired: RevisionCounts = RevisionCounts()
    """Sum over the processes that have ended."""
    boots: Annotated[
        tuple[BootCounts, ...], Field(max_length=250), ListMap("boot")
    ] = ()
    """Last counters of running processes."""
    ended: Annotated[tuple[str, ...], Field(max_length=250)] = ()
    """IDs of processes whose counters were added to `retired`; later reports of them
    are ignored."""
