"""The acceptance score: the calibrated probability that the teacher agrees."""

import math

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from tracer_bentos.surrogate.surrogate import AgreementCalibration
from tracer_bentos.training.fit.out_of_fold import Agreements, AgreementTable

__all__ = ["fit_calibration"]

_DIGITS = 6
"""Decimals of the standardized weights that are kept."""

_PRIOR = 8
"""Weight of the prior, in rows: that a cell agrees as often as all cells together."""


def fit_calibration(
    table: AgreementTable, agreed: Agreements, labels: int
) -> AgreementCalibration:
    """Fit the probability of agreement to out-of-fold features.

    Args:
        table: Out-of-fold features of the TRAIN rows, n rows.
        agreed: Whether the prediction of each row is the answer of the teacher,
            shape (n,).
        labels: Number of labels.
    """
    cells, per_row = _cell_log_odds(table.labels, agreed, labels)
    numbers = np.column_stack([table.numbers, per_row])
    if agreed.all() or not agreed.any():
        return _by_margin(numbers, agreed, cells)
    centre, scale = numbers.mean(axis=0), numbers.std(axis=0) + 1e-9
    # Newton's method ends at the optimum to about 12 digits, so the rounded weights
    # are the same with every BLAS; a first-order solver stops at its tolerance.
    model = LogisticRegression(C=1.0, solver="newton-cholesky", tol=1e-9)
    model.fit((numbers - centre) / scale, agreed)
    slopes = np.round(model.coef_[0], _DIGITS) / scale
    constant = round(float(model.intercept_[0]), _DIGITS)
    intercept = constant - math.fsum((slopes * centre).tolist())
    return AgreementCalibration(tuple(slopes.tolist()), intercept, cells)


def _by_margin(
    numbers: NDArray[np.float64], agreed: Agreements, cells: tuple[float, ...]
) -> AgreementCalibration:
    # With one class there is nothing to fit: rank by margin around the overall rate.
    overall = math.log((agreed.sum() + 1) / (len(agreed) - agreed.sum() + 1))
    weights = [0.0, 1.0, *[0.0] * (numbers.shape[1] - 2)]
    return AgreementCalibration(
        tuple(weights), overall - float(numbers[:, 1].mean()), cells
    )


def _cell_log_odds(
    cells: NDArray[np.intp], agreed: Agreements, labels: int
) -> tuple[tuple[float, ...], NDArray[np.float64]]:
    # The second result excludes the outcome of the row itself, or the fit would use it
    # twice.
    right = np.bincount(cells[agreed], minlength=labels).astype(np.float64)
    rows = np.bincount(cells, minlength=labels)
    prior = (agreed.sum() + 1) / (len(agreed) + 2)
    per_cell = (right + _PRIOR * prior) / (rows + _PRIOR)
    per_row = (right[cells] - agreed + _PRIOR * prior) / (rows[cells] - 1 + _PRIOR)
    return tuple(_logit(per_cell).tolist()), _logit(per_row)


def _logit(share: NDArray[np.float64]) -> NDArray[np.float64]:
    # NumPy's logarithm is not used: its last bit differs between processors.
    return np.array([math.log(odds) for odds in (share / (1 - share)).tolist()])
