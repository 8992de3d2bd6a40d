"""The rows of one attempt: their selection from the traces, and their digest."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.training.data.row import Row
from tracer_bentos.training.data.row_store import RowStore
from tracer_core.constants import OTHER_TASK, UNNAMED_TASK
from tracer_core.contracts.traces import TraceRecord, TraceStatus

__all__ = [
    "Row",
    "RowIds",
    "RowSet",
    "build_row",
    "mark_used",
    "row_ids",
    "select_rows",
]


@dataclass(frozen=True, slots=True)
class RowSet:
    """The rows of one task, in an order that depends only on the rows."""

    task: str
    """The task: by default the one with the most labeled rows."""
    rows: RowStore
    """All rows, including those without a label, sorted by time or `Row.place`."""
    other_tasks: int
    """Number of excluded rows of other tasks."""
    digest: str
    """Digest of the rows, independent of their files and their order."""
    timed: bool
    """Whether all rows have a time."""
    used: NDArray[np.bool_] | None = field(default=None, compare=False)
    """Rows that an earlier attempt can have used, shape (n,): they never certify."""

    @property
    def labelled(self) -> int:
        """Number of rows with a usable label."""
        return int(self.rows.labelled.sum())

    @property
    def uniform_labelled(self) -> int:
        """Number of labeled rows in the uniform sample."""
        return int((self.rows.uniform & self.rows.labelled).sum())

    @property
    def newest(self) -> datetime | None:
        """Time of the newest row."""
        timed = np.flatnonzero(self.rows.timed)
        if not len(timed):
            return None
        return self.rows[int(timed[self.rows.times[timed].argmax()])].time


def build_row(record: TraceRecord, fallback: datetime | None, *, unmarked: bool) -> Row:
    """Return the row of a trace.

    Args:
        record: The trace.
        fallback: The time of a trace without a time.
        unmarked: Whether a trace without the field `uniform` is in the uniform sample.
    """
    usable = record.status is TraceStatus.OK and record.teacher is not None
    return Row(
        text=record.input,
        label=record.teacher if usable else None,
        task=record.task or UNNAMED_TASK,
        time=_utc(record.time) or fallback,
        session=record.session,
        uniform=unmarked if record.uniform is None else record.uniform,
        model=record.model,
        vector=None if record.vector is None else np.array(record.vector, np.float32),
        cost=record.cost,
        tokens=_tokens(record),
    )


def select_rows(rows: Iterable[Row], wanted: str | None = None) -> RowSet:
    """Return the rows of one task, from oldest to newest if all times are known.

    The order depends only on the rows: the same traces in other files, or compacted by
    the maintenance of a store, are the same rows.

    Args:
        rows: Rows of all tasks.
        wanted: The task; by default the dominant one.
    """
    everything = RowStore.from_rows(rows)
    task = wanted or _dominant(everything)
    names, tasks = everything.tasks
    number = names.index(task) if task in names else -1
    chosen = everything.take(np.flatnonzero(tasks == number))
    timed = len(chosen) > 0 and bool(chosen.timed.all())
    chosen = chosen.ordered(timed=timed)
    return RowSet(
        task=task,
        rows=chosen,
        other_tasks=len(everything) - len(chosen),
        digest=_digest(chosen),
        timed=timed,
    )


def _tokens(record: TraceRecord) -> int | None:
    counted = (record.prompt_tokens, record.completion_tokens)
    known = [count for count in counted if count is not None]
    return sum(known) if known else None


def _dominant(rows: RowStore) -> str:
    names, tasks = rows.tasks
    counts = np.bincount(tasks[rows.labelled], minlength=len(names)).tolist()
    # The task `other` combines many questions, so no surrogate fits it.
    named = [
        (-count, name)
        for name, count in zip(names, counts, strict=True)
        if count and name != OTHER_TASK
    ]
    return min(named)[1] if named else UNNAMED_TASK


def _utc(time: datetime | None) -> datetime | None:
    if time is None:
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _digest(rows: RowStore) -> str:
    digest = hashlib.sha256()
    for row in rows.digests():
        digest.update(row)
    return "sha256:" + digest.hexdigest()


RowIds = NDArray[np.uint64]
"""Text id of each row, shape (n,)."""


def row_ids(rows: RowStore | Sequence[Row]) -> RowIds:
    """Return the text id of each row, in the order of the rows."""
    if isinstance(rows, RowStore):
        return rows.names
    joined = b"".join(row.name for row in rows)
    return np.frombuffer(joined, np.dtype("<u8")).astype(np.uint64)


def mark_used(rows: RowSet, used: RowIds) -> RowSet:
    """Return the rows, with those marked whose text id is in `used`."""
    if not len(used):
        return rows
    return replace(rows, used=np.isin(row_ids(rows.rows), used))
