"""The rows of one attempt: what of the traces is used, and its digest."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.packaging.features import normalise
from tracer_bentos.packaging.opinion import Sample
from tracer_router.constants import OTHER_TASK, UNNAMED_TASK
from tracer_router.contracts.traces import TraceRecord, TraceStatus

__all__ = ["Row", "RowSet", "row_of", "select_rows"]


@dataclass(frozen=True, slots=True)
class Row:
    """One trace as the learning sees it."""

    text: str
    """The input."""
    label: str | None
    """The teacher's answer; none when it was missing or off-format."""
    task: str
    """Fingerprint of the question."""
    time: datetime | None
    """When it was received, in UTC; none when not recorded."""
    session: str | None
    """Its session, if named."""
    uniform: bool
    """Whether it belongs to the uniform sample of traffic."""
    model: str | None
    """The teacher model asked for."""
    vector: NDArray[np.float32] | None = field(default=None, compare=False)
    """The embedding that came with it, if any."""
    cost: float | None = field(default=None, compare=False)
    """What the teacher's answer cost, if the trace says so."""
    tokens: int | None = field(default=None, compare=False)
    """Tokens of question and answer together, if the trace says so."""

    @property
    def sample(self) -> Sample:
        """Give the input as the surrogate takes it."""
        return Sample(self.text, self.vector)

    @property
    def digest(self) -> bytes:
        """Give the digest of all that an attempt knows of it."""
        time = self.time.isoformat() if self.time else None
        parts = [self.text, self.label, time, self.session, self.uniform, self.model]
        whole = hashlib.sha256(json.dumps(parts).encode())
        if self.vector is not None:
            whole.update(self.vector.tobytes())
        return whole.digest()

    @property
    def place(self) -> bytes:
        """Give its place among rows that record no times: by chance, but for good.

        Rows that come later leave the others where they were, and no seed moves them,
        so that no second draw turns rows that trained into rows that certify.
        """
        key = self.session or normalise(self.text)
        return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


@dataclass(frozen=True, slots=True)
class RowSet:
    """The rows of the one task that is learnt, in an order that is theirs alone."""

    task: str
    """The task with the most labelled rows."""
    rows: tuple[Row, ...]
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
        return sum(row.label is not None for row in self.rows)

    @property
    def uniform_labelled(self) -> int:
        """Give the number of labelled rows in the uniform sample."""
        return sum(row.uniform and row.label is not None for row in self.rows)

    @property
    def newest(self) -> datetime | None:
        """Give the time of the newest row."""
        return max((row.time for row in self.rows if row.time), default=None)


def row_of(record: TraceRecord, fallback: datetime | None, *, unmarked: bool) -> Row:
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
    everything = list(rows)
    task = wanted or _dominant(everything)
    chosen = [row for row in everything if row.task == task]
    timed = bool(chosen) and all(row.time for row in chosen)
    keyed = [(_received(row) if timed else row.place, row.digest) for row in chosen]
    order = sorted(range(len(chosen)), key=keyed.__getitem__)
    return RowSet(
        task=task,
        rows=tuple(chosen[i] for i in order),
        elsewhere=len(everything) - len(chosen),
        digest=_digest(keyed[i][1] for i in order),
        timed=timed,
    )


def _tokens(record: TraceRecord) -> int | None:
    counted = (record.prompt_tokens, record.completion_tokens)
    known = [each for each in counted if each is not None]
    return sum(known) if known else None


def _dominant(rows: Sequence[Row]) -> str:
    # The bucket of tasks beyond the limit is many questions, so no surrogate fits it.
    counts = Counter(
        row.task for row in rows if row.label is not None and row.task != OTHER_TASK
    )
    return min(counts, key=lambda task: (-counts[task], task), default=UNNAMED_TASK)


def _received(row: Row) -> datetime:
    return row.time or datetime.min.replace(tzinfo=UTC)


def _utc(time: datetime | None) -> datetime | None:
    if time is None:
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _digest(rows: Iterable[bytes]) -> str:
    whole = hashlib.sha256()
    for digest in rows:
        whole.update(digest)
    return "sha256:" + whole.hexdigest()
