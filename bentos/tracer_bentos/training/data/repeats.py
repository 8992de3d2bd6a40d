"""The self-agreement of the teacher on repeated inputs in the traces."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.training.data.row_store import RowStore
from tracer_core.contracts.certificate import TeacherCeiling
from tracer_core.stats.certificate.ceiling import RepeatCalls, repeat_ceiling

__all__ = ["teacher_ceiling"]

_LEVEL = 0.05
_ROWS = 50_000
"""Number of rows in memory at the same time."""

Answers = tuple[str | None, str | None]


def teacher_ceiling(rows: RowStore) -> TeacherCeiling | None:
    """Return the teacher ceiling from repeated inputs; none without repeated inputs.

    Only the first two answers to an input count: one pair for each input.
    """
    answers = _answers(rows)
    if not answers:
        return None
    missing = sum(None in pair for pair in answers)
    same = sum(pair[0] == pair[1] is not None for pair in answers)
    different = len(answers) - missing - same
    found = repeat_ceiling(RepeatCalls(same, different, missing), _LEVEL)
    return TeacherCeiling(
        same=same,
        different=different,
        missing=missing,
        agreement=found.agreement,
        level=_LEVEL,
    )


def _answers(rows: RowStore) -> list[Answers]:
    return [pair for places in _repeated(rows) for pair in _pairs(rows, places)]


def _repeated(rows: RowStore) -> Iterator[NDArray[np.intp]]:
    """Yield positions of rows with repeated text ids, each text id in one part."""
    order = np.argsort(rows.names, kind="stable")
    _, inverse, counts = np.unique(
        rows.names[order], return_inverse=True, return_counts=True
    )
    again = counts[inverse] > 1
    order, names = order[again], inverse[again]
    first = np.flatnonzero(np.diff(names, prepend=-1))
    wanted = np.searchsorted(first, np.arange(_ROWS, len(order), _ROWS))
    cuts = first[wanted[wanted < len(first)]]
    yield from np.split(order, np.unique(cuts))


def _pairs(rows: RowStore, places: NDArray[np.intp]) -> list[Answers]:
    # Few inputs repeat, so texts are compared only if their ids are equal.
    rows_by_position = rows.gather(places.tolist())
    first: dict[str, str | None] = {}
    pairs: dict[str, Answers] = {}
    for at in sorted(rows_by_position):
        row = rows_by_position[at]
        if row.text in first and row.text not in pairs:
            pairs[row.text] = (first[row.text], row.label)
        first.setdefault(row.text, row.label)
    return list(pairs.values())
