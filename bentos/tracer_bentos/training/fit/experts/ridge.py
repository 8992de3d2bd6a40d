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

__all__ = ["RidgeSolution", "members_of", "solve_ridge"]


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
        weights: NDArray[np.floating],
        scores: NDArray[np.floating],
        learnable: TrainingTargets,
    ) -> Self:
        """Take weights and scores, and see how good the scores are."""
        wanted = np.eye(learnable.labels)[learnable.targets]
        loss = float(np.square(wanted - scores).mean())
        return cls(weights.astype(np.float64), scores.astype(np.float64), loss)


def solve_ridge(
    kernel: NDArray[np.float32], penalty: float, learnable: TrainingTargets
) -> RidgeSolution:
    """Fit with one penalty.

    Args:
        kernel: Kernel values of every row with every row.
        penalty: Added to the diagonal; positive.
        learnable: What to fit to.
    """
    matrix = np.asfortranarray(kernel)
    matrix[np.diag_indices_from(matrix)] += np.float32(penalty)
    factor, failed = lapack.spotrf(matrix, lower=1, overwrite_a=1)
    if failed:
        raise ArithmeticError(f"a kernel matrix that is not positive: row {failed}")
    lower, _ = lapack.spotri(factor, lower=1, overwrite_c=1)
    inverse = np.tril(lower) + np.tril(lower, -1).T
    wanted = np.eye(learnable.labels, dtype=np.float32)[learnable.targets]
    weights = inverse @ wanted
    scores = wanted - weights / np.diag(inverse)[:, None]
    for rows in members_of(learnable.groups):
        if len(rows) > 1:
            block = inverse[np.ix_(rows, rows)].astype(np.float64)
            scores[rows] = wanted[rows] - np.linalg.solve(block, weights[rows])
    return RidgeSolution.solve(weights, scores, learnable)


def members_of(groups: Sequence[int]) -> list[list[int]]:
    """Give the rows of each group."""
    found: dict[int, list[int]] = {}
    for row, group in enumerate(groups):
        found.setdefault(group, []).append(row)
    return list(found.values())
