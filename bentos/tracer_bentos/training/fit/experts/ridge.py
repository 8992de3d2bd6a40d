"""Kernel ridge regression where every row is a landmark.

Then ``B = (K + l I)^-1 Y``, and the scores of a group g without its rows are
``Y_g - (G_g)^-1 B_g`` with G the inverse and G_g its block (statistics of ridge
regression: the leave-one-out identity, by blocks).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from tracer_bentos.training.fit.experts.fit_result import TrainingTargets

__all__ = ["SCORE_DIGITS", "RidgeSolution", "members_of", "solve_ridge"]

SCORE_DIGITS = 5
"""Decimals of out-of-fold scores. BLAS kernels of different processors sum in another
order, which moves a score by about 1e-12: rounded, it is the same on all of them, and
labels with equal scores stay tied."""


@dataclass(frozen=True, slots=True)
class RidgeSolution:
    """One fit."""

    weights: NDArray[np.float64]
    """By landmark and label."""
    scores: NDArray[np.float64]
    """By row and label, without the row's group."""
    loss: float
    """Mean squared error of these scores."""

    @classmethod
    def solve(
        cls,
        weights: NDArray[np.float64],
        scores: NDArray[np.float64],
        learnable: TrainingTargets,
    ) -> Self:
        """Take weights and scores, and see how good the scores are."""
        wanted = np.eye(learnable.labels)[learnable.targets]
        rounded: NDArray[np.float64] = np.round(scores, SCORE_DIGITS)
        loss = float(np.square(wanted - rounded).mean())
        return cls(weights, rounded, loss)


def solve_ridge(
    kernel: NDArray[np.float32], penalty: float, learnable: TrainingTargets
) -> RidgeSolution:
    """Fit with one penalty.

    Args:
        kernel: Kernel values of every row with every row.
        penalty: Added to the diagonal; positive.
        learnable: What to fit to.
    """
    matrix = np.asfortranarray(kernel, np.float64)
    matrix[np.diag_indices_from(matrix)] += penalty
    factor, failed = lapack.dpotrf(matrix, lower=1, overwrite_a=1)
    if failed:
        raise ArithmeticError(f"a kernel matrix that is not positive: row {failed}")
    wanted = np.eye(learnable.labels)[learnable.targets]
    weights, _ = lapack.dpotrs(factor, wanted, lower=1)
    # Only the lower triangle is computed, and only it is read.
    inverse, _ = lapack.dpotri(factor, lower=1, overwrite_c=1)
    scores = wanted - weights / np.diag(inverse)[:, None]
    for rows in members_of(learnable.groups):
        if len(rows) > 1:
            lower = np.tril(inverse[np.ix_(rows, rows)])
            block = lower + np.tril(lower, -1).T
            scores[rows] = wanted[rows] - np.linalg.solve(block, weights[rows])
    return RidgeSolution.solve(weights, scores, learnable)


def members_of(groups: Sequence[int]) -> list[list[int]]:
    """Give the rows of each group."""
    found: dict[int, list[int]] = {}
    for row, group in enumerate(groups):
        found.setdefault(group, []).append(row)
    return list(found.values())
