"""Out-of-fold signals of all TRAIN rows at once, as `packaging.surrogate` has them.

Every number is computed by the same operations in the same order as for one input, so
they are equal to the last bit; only the loop over rows is numpy's.
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
"""For each row, whether the out-of-fold prediction was the teacher's answer."""


@dataclass(frozen=True, slots=True)
class ExpertBlend:
    """Experts by index, and the share of each."""

    experts: tuple[int, ...]
    """Which experts."""
    weights: tuple[float, ...]
    """Their shares, which sum to 1."""


@dataclass(frozen=True, slots=True)
class AgreementTable:
    """The signals of every TRAIN row for one blend."""

    labels: NDArray[np.intp]
    """The predicted label of each."""
    numbers: NDArray[np.float64]
    """The numbers of each, one row a row."""


def build_agreement_table(
    fitted: Sequence[FitResult], blend: ExpertBlend
) -> AgreementTable:
    """Give the out-of-fold signals of every TRAIN row."""
    chosen = [fitted[i] for i in blend.experts]
    scores = _blended(chosen, blend.weights)
    labels = scores.argmax(axis=1)
    best = -np.sort(-_highest(scores), axis=1)
    columns = [best[:, 0], best[:, 0] - best[:, 1], _rivals(best)]
    rows = np.arange(len(labels))
    for each in chosen:
        columns.append(each.familiar)
        if len(chosen) > 1:
            columns.append(each.scores[rows, labels] - each.scores.max(axis=1))
    return AgreementTable(labels=labels, numbers=np.column_stack(columns))


def agreement_scores(
    calibration: AgreementCalibration, table: AgreementTable
) -> NDArray[np.float64]:
    """Give the acceptance score of every row."""
    cells = np.array(calibration.cells)[table.labels]
    total = np.full(len(cells), calibration.intercept)
    numbers = (*table.numbers.T, cells)
    for weight, number in zip(calibration.weights, numbers, strict=True):
        total += weight * number
    bounded = np.clip(total, -40.0, 40.0).tolist()
    return np.array([round(1 / (1 + math.exp(-each)), DIGITS) for each in bounded])


def _blended(
    chosen: Sequence[FitResult], weights: Sequence[float]
) -> NDArray[np.float64]:
    total = chosen[0].scores * weights[0]
    for each, weight in zip(chosen[1:], weights[1:], strict=True):
        total += each.scores * weight
    return total


def _highest(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    if scores.shape[1] <= TOP_K:
        return scores
    return np.partition(scores, -TOP_K, axis=1)[:, -TOP_K:]


def _rivals(best: NDArray[np.float64]) -> NDArray[np.float64]:
    # Not numpy's exponential, whose last bit differs between processors.
    behind = (SHARPNESS * (best[:, 1:] - best[:, :1])).tolist()
    return np.array([sum(map(math.exp, each)) for each in behind], np.float64)
