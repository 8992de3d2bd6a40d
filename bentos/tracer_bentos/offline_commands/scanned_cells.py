"""The cells of a scan: each kind of request with figures, words and examples."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.training.data.rows import Row
from tracer_bentos.training.fit.cells import name_cell, shorten, top_terms
from tracer_bentos.training.fit.coverage_curve import OofPredictions
from tracer_bentos.training.fit.forecast import CertificationForecast

__all__ = ["CellExample", "ScannedCell", "summarize_cells"]

_EXAMPLES = 2
_LONGEST_EXAMPLE = 160
_LONGEST_ANSWER = 60


@dataclass(frozen=True, slots=True)
class CellExample:
    """A redacted trace."""

    input: str
    """The text, cut."""
    teacher: str
    """What the teacher answered, cut."""


@dataclass(frozen=True, slots=True)
class ScannedCell:
    """One kind of request."""

    name: str
    """Its name: the answer that the surrogate would give."""
    rows: int
    """Rows of it among those looked at."""
    share: float
    """Share of the rows looked at."""
    agreement: float
    """Share of its rows where the teacher said the same; out of fold."""
    answered: float
    """Share of its rows that would be answered at 95 %."""
    cost: float | None
    """What the teacher cost for its rows, if the traces say so."""
    tokens: int | None
    """Tokens that the teacher counted for its rows, if the traces say so."""
    terms: tuple[str, ...]
    """Words that are frequent in it and rare elsewhere."""
    examples: tuple[CellExample, ...]
    """The surest traces of it."""
    disagreements: tuple[CellExample, ...]
    """The surest traces where the teacher says otherwise."""


def summarize_cells(
    rows: Sequence[Row],
    labels: Sequence[str],
    outlook: OofPredictions,
    guess: CertificationForecast,
) -> tuple[ScannedCell, ...]:
    """Give the cells, largest first.

    Args:
        rows: The rows looked at.
        labels: The answers that can be predicted.
        outlook: What is predicted of each row by those who have not seen it.
        guess: Which rows would be answered.
    """
    names = [name_cell(labels[label]) for label in outlook.labels.tolist()]
    terms = top_terms([row.text for row in rows], names)
    found = []
    for label in np.unique(outlook.labels).tolist():
        members = np.flatnonzero(outlook.labels == label)
        name = name_cell(labels[label])
        found.append(_cell(name, terms[name], members, rows, (outlook, guess)))
    return tuple(sorted(found, key=lambda cell: (-cell.rows, cell.name)))


def _cell(
    name: str,
    terms: tuple[str, ...],
    members: NDArray[np.intp],
    rows: Sequence[Row],
    judged: tuple[OofPredictions, CertificationForecast],
) -> ScannedCell:
    outlook, guess = judged
    own = [rows[i] for i in members.tolist()]
    surest = members[np.lexsort((members, -outlook.scores[members]))].tolist()
    agreed = [rows[i] for i in surest if outlook.agreed[i]]
    disagreed = [rows[i] for i in surest if not outlook.agreed[i]]
    return ScannedCell(
        name=name,
        rows=len(own),
        share=round(len(own) / len(rows), 4),
        agreement=round(len(agreed) / len(own), 4),
        answered=round(float(guess.answered[members].mean()), 4),
        cost=_cost(own),
        tokens=_tokens(own),
        terms=terms,
        examples=_examples(agreed),
        disagreements=_examples(disagreed),
    )


def _cost(rows: Sequence[Row]) -> float | None:
    known = [row.cost for row in rows if row.cost is not None]
    return round(math.fsum(known), 6) if known else None


def _tokens(rows: Sequence[Row]) -> int | None:
    known = [row.tokens for row in rows if row.tokens is not None]
    return sum(known) if known else None


def _examples(rows: Sequence[Row]) -> tuple[CellExample, ...]:
    found: dict[str, CellExample] = {}
    for row in rows:
        text = shorten(row.text, _LONGEST_EXAMPLE)
        answer = shorten(row.label or "", _LONGEST_ANSWER)
        found.setdefault(text, CellExample(text, answer))
        if len(found) == _EXAMPLES:
            break
    return tuple(found.values())
