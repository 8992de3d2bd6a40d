"""The cells of a scan: kinds of requests with figures, terms, and examples."""

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
_MAX_EXAMPLE = 160
_MAX_ANSWER = 60


@dataclass(frozen=True, slots=True)
class CellExample:
    """A redacted trace."""

    input: str
    """The text, shortened."""
    teacher: str
    """The answer of the teacher, shortened."""


@dataclass(frozen=True, slots=True)
class ScannedCell:
    """One kind of request."""

    name: str
    """Name of the cell: the predicted answer."""
    rows: int
    """Examined rows of the cell."""
    share: float
    """Share of the examined rows."""
    agreement: float
    """Share of the rows of the cell in which the teacher agrees, out of fold."""
    answered: float
    """Share of the rows of the cell that would be answered at the target 95%."""
    cost: float | None
    """Cost of the teacher for these rows; none if the traces contain no costs."""
    tokens: int | None
    """Tokens of the teacher for these rows; none if the traces contain no tokens."""
    terms: tuple[str, ...]
    """Words that are frequent in the cell and rare in others."""
    examples: tuple[CellExample, ...]
    """The traces with the highest scores in which the teacher agrees."""
    disagreements: tuple[CellExample, ...]
    """The traces with the highest scores in which the teacher disagrees."""


def summarize_cells(
    rows: Sequence[Row],
    labels: Sequence[str],
    predictions: OofPredictions,
    forecast: CertificationForecast,
) -> tuple[ScannedCell, ...]:
    """Return the cells, largest first.

    Args:
        rows: The examined rows.
        labels: The answers that can be predicted.
        predictions: Out-of-fold prediction of each row.
        forecast: The rows that would be answered.
    """
    names = [name_cell(labels[label]) for label in predictions.labels.tolist()]
    terms = top_terms([row.text for row in rows], names)
    cells = []
    for label in np.unique(predictions.labels).tolist():
        members = np.flatnonzero(predictions.labels == label)
        name = name_cell(labels[label])
        cells.append(_cell(name, terms[name], members, rows, (predictions, forecast)))
    return tuple(sorted(cells, key=lambda cell: (-cell.rows, cell.name)))


def _cell(
    name: str,
    terms: tuple[str, ...],
    members: NDArray[np.intp],
    rows: Sequence[Row],
    estimate: tuple[OofPredictions, CertificationForecast],
) -> ScannedCell:
    predictions, forecast = estimate
    own = [rows[i] for i in members.tolist()]
    ranked = members[np.lexsort((members, -predictions.scores[members]))].tolist()
    agreed = [rows[i] for i in ranked if predictions.agreed[i]]
    disagreed = [rows[i] for i in ranked if not predictions.agreed[i]]
    return ScannedCell(
        name=name,
        rows=len(own),
        share=round(len(own) / len(rows), 4),
        agreement=round(len(agreed) / len(own), 4),
        answered=round(float(forecast.answered[members].mean()), 4),
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
    examples: dict[str, CellExample] = {}
    for row in rows:
        text = shorten(row.text, _MAX_EXAMPLE)
        answer = shorten(row.label or "", _MAX_ANSWER)
        examples.setdefault(text, CellExample(text, answer))
        if len(examples) == _EXAMPLES:
            break
    return tuple(examples.values())
