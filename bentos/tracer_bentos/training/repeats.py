"""How often the teacher says the same again, as the traces themselves tell."""

from collections.abc import Sequence

import numpy as np

from tracer_bentos.training.row_names import names_of
from tracer_bentos.training.rows import Row
from tracer_router.contracts.certificate import TeacherCeiling
from tracer_router.parity.ceiling import RepeatCalls, ceiling_of

__all__ = ["ceiling_of_repeats"]

_LEVEL = 0.05


def ceiling_of_repeats(rows: Sequence[Row]) -> TeacherCeiling | None:
    """Give the ceiling on inputs that came more than once; none where none did.

    The first two answers to each count, however often it came: one pair an input.
    """
    answers = _answers(rows)
    if not answers:
        return None
    missing = sum(None in pair for pair in answers)
    same = sum(pair[0] == pair[1] is not None for pair in answers)
    different = len(answers) - missing - same
    found = ceiling_of(RepeatCalls(same, different, missing), _LEVEL)
    return TeacherCeiling(
        same=same,
        different=different,
        missing=missing,
        agreement=found.agreement,
        level=_LEVEL,
    )


def _answers(rows: Sequence[Row]) -> list[tuple[str | None, str | None]]:
    # Few inputs come again, so texts are compared only where their names are equal.
    names = names_of(rows)
    _, inverse, counts = np.unique(names, return_inverse=True, return_counts=True)
    first: dict[str, str | None] = {}
    pairs: dict[str, tuple[str | None, str | None]] = {}
    for at in np.flatnonzero(counts[inverse] > 1).tolist():
        row = rows[at]
        if row.text in first and row.text not in pairs:
            pairs[row.text] = (first[row.text], row.label)
        first.setdefault(row.text, row.label)
    return list(pairs.values())
