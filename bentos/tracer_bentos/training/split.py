"""Which rows train and which certify: forward in time, copies and sessions together."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.packaging.features import normalise
from tracer_bentos.training.rows import Row

__all__ = ["NARROW", "WIDE", "Split", "split_rows"]

WIDE, NARROW = 0.40, 0.27
"""Share of the uniform sample that certifies: where little can be certified the test
needs rows, where much can be the training does."""


@dataclass(frozen=True, slots=True)
class Split:
    """Positions in the row set."""

    train: tuple[int, ...]
    """Labelled rows that are learnt from."""
    groups: tuple[int, ...]
    """For each of them its group: copies and sessions share one."""
    certify: tuple[int, ...]
    """Rows of the one test, at most one a session and one a distinct text."""


def split_rows(
    rows: Sequence[Row],
    share: float,
    seed: int,
    after: datetime | None = None,
    seen: NDArray[np.bool_] | None = None,
) -> Split:
    """Split rows, given oldest first.

    Args:
        rows: The rows of one task.
        share: Share of the uniform sample that certifies.
        seed: Seed of the choice among a session's rows.
        after: Rows up to here belonged to an earlier test: they train, never certify.
        seen: Which rows did, where that is known of each.
    """
    groups = _groups(rows)
    known = set() if seen is None else set(np.flatnonzero(seen).tolist())
    fresh = [
        i
        for i, row in enumerate(rows)
        if row.uniform and i not in known and _is_after(row, after)
    ]
    start = _first_certify(rows, fresh, share)
    # What goes together with a row seen before is no more fresh than that row.
    trained = {groups[i] for i in [*range(start), *known]}
    candidates = [i for i in fresh if i >= start and groups[i] not in trained]
    late = [i for i in range(start, len(rows)) if groups[i] in trained]
    train = [i for i in [*range(start), *late] if rows[i].label is not None]
    return Split(
        train=tuple(train),
        groups=tuple(groups[i] for i in train),
        certify=_one_each(rows, candidates, seed),
    )


def _is_after(row: Row, after: datetime | None) -> bool:
    # A row without a time could be one that an earlier test has seen.
    return after is None or (row.time is not None and row.time > after)


def _first_certify(rows: Sequence[Row], fresh: Sequence[int], share: float) -> int:
    uniform = sum(row.uniform for row in rows)
    wanted = math.ceil(share * uniform)
    return fresh[-wanted:][0] if fresh and wanted else len(rows)


def _groups(rows: Sequence[Row]) -> list[int]:
    parent = list(range(len(rows)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    seen: dict[tuple[str, str], int] = {}
    for i, row in enumerate(rows):
        for key in _keys(row):
            parent[root(i)] = root(seen.setdefault(key, i))
    return [root(i) for i in range(len(rows))]


def _keys(row: Row) -> list[tuple[str, str]]:
    keys = [("text", normalise(row.text))]
    return [*keys, ("session", row.session)] if row.session else keys


def _one_each(rows: Sequence[Row], candidates: list[int], seed: int) -> tuple[int, ...]:
    taken: set[tuple[str, str]] = set()
    chosen = []
    for at in np.random.default_rng(seed).permutation(len(candidates)):
        keys = _keys(rows[candidates[at]])
        if taken.isdisjoint(keys):
            taken.update(keys)
            chosen.append(candidates[at])
    return tuple(sorted(chosen))
