"""Which rows train and which certify: forward in time, copies and sessions together.

Of very many rows only some are used, chosen by position and seed before any label is
looked at: the certificate says how many.
"""

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.training.data.row_store import RowStore, microseconds

__all__ = ["MOST_CERTIFY", "MOST_TRAIN", "NARROW", "WIDE", "RowSplit", "split_rows"]

WIDE, NARROW = 0.40, 0.27
"""Share of the uniform sample that certifies: where little can be certified the test
needs rows, where much can be the training does."""

MOST_TRAIN, MOST_CERTIFY = 50_000, 20_000
"""Rows that may train, and rows of one test. More of them would cost time and memory
in proportion and gain little: a test of so many misses the truth by two thousandths."""
_MOST_CHARACTERS = 20_000_000
"""All texts that may train, together: what bounds memory where texts are long."""

Positions = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class RowSplit:
    """Positions in the row set."""

    train: tuple[int, ...]
    """Labelled rows that are learnt from."""
    groups: tuple[int, ...]
    """For each of them its group: copies and sessions share one."""
    certify: tuple[int, ...]
    """Rows of the one test, at most one a session and one a distinct text."""
    train_pool: int
    """Rows that `train` was chosen from."""
    certify_pool: int
    """Rows that `certify` was chosen from, copies and whole sessions included."""


def split_rows(
    rows: RowStore,
    share: float,
    seed: int,
    after: datetime | None = None,
    seen: NDArray[np.bool_] | None = None,
) -> RowSplit:
    """Split rows, given oldest first.

    Args:
        rows: The rows of one task.
        share: Share of the uniform sample that certifies.
        seed: Seed of the choice among a session's rows, and among too many.
        after: Rows up to here belonged to an earlier test: they train, never certify.
        seen: Which rows did, where that is known of each.
    """
    before = np.zeros(len(rows), bool) if seen is None else seen
    fresh = np.flatnonzero(rows.uniform & ~before & _are_after(rows, after))
    older = np.arange(len(rows)) < _first_certify(rows, fresh, share)
    # What goes together with a row seen before is no more fresh than that row.
    known = np.isin(rows.groups, rows.groups[older | before])
    candidates = fresh[~known[fresh]]
    pool = np.flatnonzero(known & rows.labelled)
    train = pool[np.isin(pool, _thinned(rows, seed))]
    return RowSplit(
        train=tuple(train.tolist()),
        groups=tuple(rows.groups[train].tolist()),
        certify=_one_each(rows, candidates, seed),
        train_pool=len(pool),
        certify_pool=len(candidates),
    )


def _are_after(rows: RowStore, after: datetime | None) -> NDArray[np.bool_]:
    if after is None:
        return np.ones(len(rows), bool)
    # A row without a time could be one that an earlier test has seen.
    return np.asarray(rows.timed & (rows.times > microseconds(after)))


def _first_certify(rows: RowStore, fresh: Positions, share: float) -> int:
    wanted = math.ceil(share * int(rows.uniform.sum()))
    return int(fresh[-wanted:][0]) if len(fresh) and wanted else len(rows)


def _thinned(rows: RowStore, seed: int) -> Positions:
    """Give the rows that may train: one of each run, so every period has its share.

    The same for both shares, so the rows of the smaller split are among the larger's.
    """
    characters = max(int(rows.characters.sum()), 1)
    most = min(MOST_TRAIN, len(rows) * _MOST_CHARACTERS // characters)
    if most >= len(rows):
        return np.arange(len(rows))
    runs = np.linspace(0, len(rows), most + 1).astype(np.intp)
    within = np.random.default_rng(seed).random(len(runs) - 1)
    return np.asarray(runs[:-1] + (within * np.diff(runs)).astype(np.intp))


def _one_each(rows: RowStore, candidates: Positions, seed: int) -> tuple[int, ...]:
    names, sessions = (
        rows.names[candidates].tolist(),
        rows.sessions[candidates].tolist(),
    )
    asked: set[int] = set()
    met: set[int] = set()
    chosen: list[int] = []
    for at in np.random.default_rng(seed).permutation(len(candidates)).tolist():
        if names[at] in asked or sessions[at] in met:
            continue
        asked.add(names[at])
        met.update({sessions[at]} - {0})
        chosen.append(int(candidates[at]))
        if len(chosen) == MOST_CERTIFY:
            break
    return tuple(sorted(chosen))
