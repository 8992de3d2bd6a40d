"""Out-of-fold features of all TRAIN rows, as `surrogate.surrogate` computes them.

Each number is computed with the same operations in the same order as for one input, so
both are equal to the last bit. Only the loop over rows is in NumPy.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.surrogate.surrogate import (
    DIGITS,
    SHARPNESS,
    TOP_K,
    AgreementCalibration,
)
from tracer_bentos.training.fit.experts.fit_result import FitResult

__all__ = [
    "AgreementTable",
    "Agreements",
    "ExpertBlend",
    "agreement_scores",
    "build_agreement_table",
]

Agreements = NDArray[np.bool_]
"""A boolean for each row, for example whether its prediction is the teacher's answer;
shape (n,)."""


@dataclass(frozen=True, slots=True)
class ExpertBlend:
    """Some of the experts, and the share of each."""

    experts: tuple[int, ...]
    """Indexes of the experts."""
    weights: tuple[float, ...]
    """Shares of the experts; the sum is 1."""


@dataclass(frozen=True, slots=True)
class AgreementTable:
    """The features of all n TRAIN rows for one blend."""

    labels: NDArray[np.intp]
    """Index of the predicted label, shape (n,)."""
    numbers: NDArray[np.float64]
    """The numbers of `AgreementFeatures`, shape (n, numbers)."""


def build_agreement_table(
    fitted: Sequence[FitResult], blend: ExpertBlend
) -> AgreementTable:
    """Return the out-of-fold features of all TRAIN rows."""
    chosen = [fitted[i] for i in blend.experts]
    scores = _blended(chosen, blend.weights)
    labels = scores.argmax(axis=1)
    best = -np.sort(-_highest(scores), axis=1)
    columns = [best[:, 0], best[:, 0] - best[:, 1], _rivals(best)]
    rows = np.arange(len(labels))
    for expert in chosen:
        columns.append(expert.similarity)
        if len(chosen) > 1:
            columns.append(expert.scores[rows, labels] - expert.scores.max(axis=1))
    return AgreementTable(labels=labels, numbers=np.column_stack(columns))


def agreement_scores(
    calibration: AgreementCalibration, table: AgreementTable
) -> NDArray[np.float64]:
    """Return the acceptance score of each row, shape (n,)."""
    cells = np.array(calibration.cells)[table.labels]
    total = np.full(len(cells), calibration.intercept)
    numbers = (*table.numbers.T, cells)
    for weight, number in zip(calibration.weights, numbers, strict=True):
        total += weight * number
    bounded = np.clip(total, -40.0, 40.0).tolist()
    return np.array([round(1 / (1 + math.exp(-value)), DIGITS) for value in bounded])


def _blended(
    chosen: Sequence[FitResult], weights: Sequence[float]
) -> NDArray[np.float64]:
    total = chosen[0].scores * weights[0]
    for expert, weight in zip(chosen[1:], weights[1:], strict=True):
        total += expert.scores * weight
    return total


def _highest(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    if scores.shape[1] <= TOP_K:
        return scores
    return np.partition(scores, -TOP_K, axis=1)[:, -TOP_K:]


def _rivals(best: NDArray[np.float64]) -> NDArray[np.float64]:
    # NumPy's exponential is not used: its last bit differs between processors.
    behind = (SHARPNESS * (best[:, 1:] - best[:, :1])).tolist()
    return np.array([sum(map(math.exp, row)) for row in behind], np.float64)
