"""The rows of one attempt: what of the traces is used, and its digest."""

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
    """The rows of the one task that is learnt, in an order that is theirs alone."""

    task: str
    """The task with the most labelled rows."""
    rows: RowStore
    """Its rows, missing labels included: oldest first, or by `Row.place`."""
    elsewhere: int
    """Rows of other tasks, left out."""
    digest: str
    """Digest of the rows, whatever files and order they came in."""
    timed: bool
    """Whether every row says when it was received."""
    seen: NDArray[np.bool_] | None = field(default=None, compare=False)
    """Which rows an earlier attempt may have looked at: they train, never certify."""

    @property
    def labelled(self) -> int:
        """Give the number of rows with a usable label."""
        return int(self.rows.labelled.sum())

    @property
    def uniform_labelled(self) -> int:
        """Give the number of labelled rows in the uniform sample."""
        return int((self.rows.uniform & self.rows.labelled).sum())

    @property
    def newest(self) -> datetime | None:
        """Give the time of the newest row."""
        timed = np.flatnonzero(self.rows.timed)
        if not len(timed):
            return None
        return self.rows[int(timed[self.rows.times[timed].argmax()])].time


def build_row(record: TraceRecord, fallback: datetime | None, *, unmarked: bool) -> Row:
    """Give the row of a trace.

    Args:
        record: The trace.
        fallback: The time of a trace that records none.
        unmarked: Whether a trace that does not say so is in the uniform sample.
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
    """Give the rows of one task, oldest first where times are known.

    The order follows from the rows alone: the same traces in other files, or put
    together by the upkeep of a store, are the same rows.

    Args:
        rows: Rows of any tasks.
        wanted: The task; the dominant one when absent.
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
        elsewhere=len(everything) - len(chosen),
        digest=_digest(chosen),
        timed=timed,
    )


def _tokens(record: TraceRecord) -> int | None:
    counted = (record.prompt_tokens, record.completion_tokens)
    known = [each for each in counted if each is not None]
    return sum(known) if known else None


def _dominant(rows: RowStore) -> str:
    names, tasks = rows.tasks
    counts = np.bincount(tasks[rows.labelled], minlength=len(names)).tolist()
    # The bucket of tasks beyond the limit is many questions, so no surrogate fits it.
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
    whole = hashlib.sha256()
    for each in rows.digests():
        whole.update(each)
    return "sha256:" + whole.hexdigest()


RowIds = NDArray[np.uint64]
"""One name a row."""


def row_ids(rows: RowStore | Sequence[Row]) -> RowIds:
    """Give the name of every row, in their order."""
    if isinstance(rows, RowStore):
        return rows.names
    joined = b"".join(row.name for row in rows)
    return np.frombuffer(joined, np.dtype("<u8")).astype(np.uint64)


def mark_used(rows: RowSet, seen: RowIds) -> RowSet:
    """Give the rows with those marked whose name an earlier attempt has seen."""
    if not len(seen):
        return rows
    return replace(rows, seen=np.isin(row_ids(rows.rows), seen))
