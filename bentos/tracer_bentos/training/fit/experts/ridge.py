"""Kernel ridge regression in which each row is a landmark.

The weights are ``B = (K + l I)^-1 Y`` for kernel matrix K, penalty l, and one-hot
targets Y. The scores of a group g without its rows are ``Y_g - (G_g)^-1 B_g``, where G
is the inverse and G_g its block for the group.

Source:
    The leave-one-out identity of ridge regression, by blocks.
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
    """The fit with one penalty, for n rows."""

    weights: NDArray[np.float64]
    """Weights, shape (landmarks, labels)."""
    scores: NDArray[np.float64]
    """Scores without the group of the row, shape (n, labels)."""
    loss: float
    """Mean squared error of the scores."""

    @classmethod
    def from_scores(
        cls,
        weights: NDArray[np.float64],
        scores: NDArray[np.float64],
        training: TrainingTargets,
    ) -> Self:
        """Return the solution with rounded scores and their error."""
        one_hot = np.eye(training.labels)[training.targets]
        rounded: NDArray[np.float64] = np.round(scores, SCORE_DIGITS)
        loss = float(np.square(one_hot - rounded).mean())
        return cls(weights, rounded, loss)


def solve_ridge(
    kernel: NDArray[np.float32], penalty: float, training: TrainingTargets
) -> RidgeSolution:
    """Return the fit with one penalty.

    Args:
        kernel: Kernel values of all pairs of rows, shape (n, n).
        penalty: Added to the diagonal; positive.
        training: The targets of the fit.

    Raises:
        ArithmeticError: The matrix is not positive definite.
    """
    matrix = np.asfortranarray(kernel, np.float64)
    matrix[np.diag_indices_from(matrix)] += penalty
    factor, failed = lapack.dpotrf(matrix, lower=1, overwrite_a=1)
    if failed:
        raise ArithmeticError(
            f"kernel matrix is not positive definite: leading minor {failed}"
        )
    one_hot = np.eye(training.labels)[training.targets]
    weights, _ = lapack.dpotrs(factor, one_hot, lower=1)
    # Only the lower triangle is computed, and only it is read.
    inverse, _ = lapack.dpotri(factor, lower=1, overwrite_c=1)
    scores = one_hot - weights / np.diag(inverse)[:, None]
    for rows in members_of(training.groups):
        if len(rows) > 1:
            lower = np.tril(inverse[np.ix_(rows, rows)])
            block = lower + np.tril(lower, -1).T
            scores[rows] = one_hot[rows] - np.linalg.solve(block, weights[rows])
    return RidgeSolution.from_scores(weights, scores, training)


def members_of(groups: Sequence[int]) -> list[list[int]]:
    """Return the rows of each group, in ascending order."""
    found: dict[int, list[int]] = {}
    for row, group in enumerate(groups):
        found.setdefault(group, []).append(row)
    return list(found.values())
