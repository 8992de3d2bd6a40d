"""The split into TRAIN and certify rows: forward in time, without shared sessions.

Copies of a text and rows of a session are in the same part. Of very many rows, only
some are used: position and seed select them before a label is examined. The certificate
states how many.
"""

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.training.data.row_store import RowStore, microseconds

__all__ = ["MAX_CERTIFY", "MAX_TRAIN", "NARROW", "WIDE", "RowSplit", "split_rows"]

WIDE, NARROW = 0.40, 0.27
"""Share of the uniform sample that certifies. If little traffic can be certified, the
test needs more rows; if much can, the training does."""

MAX_TRAIN, MAX_CERTIFY = 50_000, 20_000
"""Largest number of TRAIN rows, and of rows of one test. Time and memory grow with
both, with little gain: the error of a test with 20,000 rows is about 0.002."""
_MAX_CHARACTERS = 20_000_000
"""Largest number of characters of all TRAIN texts: the memory bound for long texts."""

Positions = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class RowSplit:
    """The rows of both parts, by position in the row set."""

    train: tuple[int, ...]
    """Labeled rows of the training."""
    groups: tuple[int, ...]
    """Group of each TRAIN row: copies and rows of a session share a group."""
    certify: tuple[int, ...]
    """Rows of the test: at most one for each session and for each distinct text."""
    train_pool: int
    """Number of rows from which `train` was chosen."""
    certify_pool: int
    """Number of rows from which `certify` was chosen, copies included."""


def split_rows(
    rows: RowStore,
    share: float,
    seed: int,
    after: datetime | None = None,
    used: NDArray[np.bool_] | None = None,
) -> RowSplit:
    """Return the split of rows that are sorted from oldest to newest.

    Args:
        rows: The rows of one task.
        share: Share of the uniform sample that certifies.
        seed: Seed of the choice within a session, and among too many rows.
        after: Rows up to this time belong to an earlier test and never certify.
        used: Which rows belong to an earlier attempt, shape (n,), if known by row.
    """
    used_rows = np.zeros(len(rows), bool) if used is None else used
    fresh = np.flatnonzero(rows.uniform & ~used_rows & _are_after(rows, after))
    older = np.arange(len(rows)) < _first_certify(rows, fresh, share)
    # A row is not fresh if a row of its group was used before.
    known = np.isin(rows.groups, rows.groups[older | used_rows])
    candidates = fresh[~known[fresh]]
    pool = np.flatnonzero(known & rows.labelled)
    train = pool[np.isin(pool, _thinned(rows, seed))]
    return RowSplit(
        train=tuple(train.tolist()),
        groups=tuple(rows.groups[train].tolist()),
        certify=_choose_independent(rows, candidates, seed),
        train_pool=len(pool),
        certify_pool=len(candidates),
    )


def _are_after(rows: RowStore, after: datetime | None) -> NDArray[np.bool_]:
    if after is None:
        return np.ones(len(rows), bool)
    # A row without a time can be a row of an earlier test.
    return np.asarray(rows.timed & (rows.times > microseconds(after)))


def _first_certify(rows: RowStore, fresh: Positions, share: float) -> int:
    wanted = math.ceil(share * int(rows.uniform.sum()))
    return int(fresh[-wanted:][0]) if len(fresh) and wanted else len(rows)


def _thinned(rows: RowStore, seed: int) -> Positions:
    """Return the rows that can train: one of each run, so all periods are included.

    The result is the same for both shares, so the TRAIN rows of the wide split are a
    subset of those of the narrow split.
    """
    characters = max(int(rows.characters.sum()), 1)
    limit = min(MAX_TRAIN, len(rows) * _MAX_CHARACTERS // characters)
    if limit >= len(rows):
        return np.arange(len(rows))
    runs = np.linspace(0, len(rows), limit + 1).astype(np.intp)
    within = np.random.default_rng(seed).random(len(runs) - 1)
    return np.asarray(runs[:-1] + (within * np.diff(runs)).astype(np.intp))


def _choose_independent(
    rows: RowStore, candidates: Positions, seed: int
) -> tuple[int, ...]:
    texts = rows.names[candidates].tolist()
    sessions = rows.sessions[candidates].tolist()
    chosen_texts: set[int] = set()
    chosen_sessions: set[int] = set()
    chosen: list[int] = []
    for place in np.random.default_rng(seed).permutation(len(candidates)).tolist():
        if texts[place] in chosen_texts or sessions[place] in chosen_sessions:
            continue
        chosen_texts.add(texts[place])
        chosen_sessions.update({sessions[place]} - {0})
        chosen.append(int(candidates[place]))
        if len(chosen) == MAX_CERTIFY:
            break
    return tuple(sorted(chosen))
