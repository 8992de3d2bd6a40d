"""The fit of an expert on embeddings: kernel ridge regression on landmarks.

Let P be the kernel values of the rows with the landmarks, Q those of the landmarks with
each other, Y the one-hot targets, and l the penalty. The weights are
``B = (P'P + l Q)^-1 P'Y``. The scores of a group g without its rows have a closed form,
``Y_g - (I - H_g)^-1 (Y_g - P_g B)`` with ``H_g = P_g (P'P + l Q)^-1 P_g'``, so no fit
is repeated.

Source:
    The leave-one-out identity of ridge regression, by blocks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import blas, cholesky, solve_triangular

from tracer_bentos.surrogate.base.encoder import Encoder
from tracer_bentos.surrogate.base.quantization import QuantizedVectors
from tracer_bentos.surrogate.kernel_ridge import (
    KERNEL_STEPS,
    Coefficients,
    KernelRidge,
    kernel_steps,
)
from tracer_bentos.training.fit.experts.fit_result import FitResult, TrainingTargets
from tracer_bentos.training.fit.experts.ridge import (
    RidgeSolution,
    members_of,
    solve_ridge,
)

__all__ = ["KernelShape", "fit_kernel_ridge"]

_PENALTIES = (0.1, 0.3)
_PENALTY = 0.2
"""The only penalty that is tried with many rows, where it has little effect."""
_MANY_ROWS = 3_000
_JITTER = 1e-4
"""Keeps the factorization possible if landmarks nearly coincide."""
_BLOCK = 4_096
_LARGE_GROUP = 1_024
"""Rows of a group from which leaving it out is a new fit: the closed form would need a
square matrix of the size of the group."""
_MIN_RESIDUAL = 1e-3
"""Smallest residual of a row in its own fit; a smaller value is a rounding error."""


@dataclass(frozen=True, slots=True)
class KernelShape:
    """Name and largest size of an expert."""

    name: str
    """Name for display."""
    costly: bool
    """Whether its embeddings take milliseconds."""
    max_landmarks: int
    """Largest number of landmarks: the time of a decision grows with it."""


def fit_kernel_ridge(
    encoder: Encoder,
    vectors: NDArray[np.float32],
    training: TrainingTargets,
    shape: KernelShape,
) -> FitResult:
    """Return a fitted expert on embeddings with its leave-group-out scores.

    Args:
        encoder: Computes the embeddings when serving.
        vectors: Embeddings of the n TRAIN rows, shape (n, dimensions).
        training: The targets of the fit.
        shape: Name and largest size of the expert.
    """
    centre = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    rows = QuantizedVectors.from_vectors(vectors - centre)
    chosen = _choose_landmarks(len(vectors), shape.max_landmarks, training.seed)
    landmarks = QuantizedVectors.from_entries(rows.entries[chosen])
    kernel, similarity = _kernel(rows, landmarks, chosen, training.groups)
    penalties = _PENALTIES if len(vectors) <= _MANY_ROWS else (_PENALTY,)
    if len(landmarks) == len(rows):
        solutions = [solve_ridge(kernel, penalty, training) for penalty in penalties]
    else:
        solutions = _solve_with_landmarks(kernel, chosen, penalties, training)
    best = min(solutions, key=lambda solution: solution.loss)
    coefficients = Coefficients.from_matrix(_round_to_grid(best.weights))
    return FitResult(
        name=shape.name,
        costly=shape.costly,
        expert=KernelRidge(encoder, centre, landmarks, coefficients),
        scores=best.scores,
        similarity=similarity,
    )


def _choose_landmarks(rows: int, max_landmarks: int, seed: int) -> NDArray[np.intp]:
    if rows <= max_landmarks:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).permutation(rows)[:max_landmarks])


def _kernel(
    rows: QuantizedVectors,
    landmarks: QuantizedVectors,
    chosen: NDArray[np.intp],
    groups: Sequence[int],
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return kernel values, and the similarity to landmarks outside of the group.

    Args:
        rows: Embeddings of n rows.
        landmarks: Embeddings of m of the rows.
        chosen: Positions of the landmarks among the rows, shape (m,).
        groups: Group of each row, shape (n,).

    Returns:
        Kernel values, shape (n, m), and the largest cosine with a landmark that is
        not in the group of the row, at least 0, shape (n,).
    """
    group_of_row = np.asarray(groups)
    kernel = np.empty((len(rows), len(landmarks)), np.float32)
    similarity = np.empty(len(rows))
    for start in range(0, len(rows), _BLOCK):
        part = slice(start, start + _BLOCK)
        entries, lengths = rows.entries[part], rows.lengths[part]
        cosines = QuantizedVectors(entries, lengths).cosines(landmarks)
        kernel[part] = kernel_steps(cosines) / KERNEL_STEPS
        cosines[group_of_row[part, None] == group_of_row[chosen]] = 0
        similarity[part] = np.maximum(cosines.max(axis=1), 0)
    return kernel, similarity


def _solve_with_landmarks(
    kernel: NDArray[np.float32],
    chosen: NDArray[np.intp],
    penalties: Sequence[float],
    training: TrainingTargets,
) -> list[RidgeSolution]:
    one_hot = np.eye(training.labels, dtype=np.float32)[training.targets]
    within, right = kernel[chosen].astype(np.float64), _exact_product(kernel, one_hot)
    product = _exact_gram(kernel)
    product[np.diag_indices_from(product)] += _JITTER * len(kernel) / len(product)
    return [
        _solve(_System(kernel, product + penalty * within, right), training)
        for penalty in penalties
    ]


@dataclass(frozen=True, slots=True)
class _System:
    """The normal equations of one penalty."""

    kernel: NDArray[np.float32]
    matrix: NDArray[np.float64]
    right: NDArray[np.float64]

    def without_rows(
        self, rows: NDArray[np.intp], one_hot: NDArray[np.float32]
    ) -> "_System":
        part = self.kernel[rows]
        matrix, right = _exact_gram(part), _exact_product(part, one_hot)
        return _System(part, self.matrix - matrix, self.right - right)

    def factor_and_weights(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the Cholesky factor and the weights."""
        factor = cholesky(self.matrix, lower=True, check_finite=False)
        half = solve_triangular(factor, self.right, lower=True, check_finite=False)
        return factor, solve_triangular(factor.T, half, lower=False, check_finite=False)


def _solve(system: _System, training: TrainingTargets) -> RidgeSolution:
    factor, weights = system.factor_and_weights()
    scores = _leave_out_scores(system, factor, weights, training)
    return RidgeSolution.from_scores(weights, scores, training)


def _leave_out_scores(
    system: _System,
    factor: NDArray[np.float64],
    weights: NDArray[np.float64],
    training: TrainingTargets,
) -> NDArray[np.float64]:
    kernel = system.kernel
    members = members_of(training.groups)
    scores = np.empty((len(kernel), training.labels))
    single_rows = np.array([rows[0] for rows in members if len(rows) == 1], np.intp)
    for start in range(0, len(single_rows), _BLOCK):
        part = single_rows[start : start + _BLOCK]
        scores[part] = _scores_without_row(
            kernel[part], factor, weights, part, training
        )
    for rows in members:
        part = np.array(rows)
        if len(rows) > _LARGE_GROUP:
            scores[part] = _refitted_scores(system, part, training)
        elif len(rows) > 1:
            scores[part] = _scores_without_group(
                kernel[part], factor, weights, part, training
            )
    return scores


def _refitted_scores(
    system: _System, rows: NDArray[np.intp], training: TrainingTargets
) -> NDArray[np.float64]:
    one_hot = np.eye(training.labels, dtype=np.float32)[training.targets[rows]]
    residual = system.without_rows(rows, one_hot)
    return np.asarray(residual.kernel @ residual.factor_and_weights()[1])


def _scores_without_row(
    kernel: NDArray[np.float32],
    factor: NDArray[np.float64],
    weights: NDArray[np.float64],
    rows: NDArray[np.intp],
    training: TrainingTargets,
) -> NDArray[np.float64]:
    half = solve_triangular(factor, kernel.T, lower=True, check_finite=False)
    residual = np.maximum(1 - np.square(half).sum(axis=0), _MIN_RESIDUAL)
    one_hot = np.eye(training.labels)[training.targets[rows]]
    return np.asarray(one_hot - (one_hot - kernel @ weights) / residual[:, None])


def _scores_without_group(
    kernel: NDArray[np.float32],
    factor: NDArray[np.float64],
    weights: NDArray[np.float64],
    rows: NDArray[np.intp],
    training: TrainingTargets,
) -> NDArray[np.float64]:
    half = solve_triangular(factor, kernel.T, lower=True, check_finite=False)
    hat = half.T @ half
    residual = np.eye(len(rows)) - hat
    residual[np.diag_indices_from(residual)] += _MIN_RESIDUAL
    one_hot = np.eye(training.labels)[training.targets[rows]]
    return np.asarray(one_hot - np.linalg.solve(residual, one_hot - kernel @ weights))


def _exact_product(
    left: NDArray[np.float32], right: NDArray[np.float32]
) -> NDArray[np.float64]:
    # Kernel values are multiples of 2^-15 from 0 to 1, so in double precision a sum of
    # up to 2^23 products is exact, in any order and with any BLAS kernel.
    total = np.zeros((left.shape[1], right.shape[1]))
    for start in range(0, len(left), _BLOCK):
        part = slice(start, start + _BLOCK)
        total += left[part].astype(np.float64).T @ right[part]
    return total


def _exact_gram(kernel: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the exact product of the transposed kernel with itself."""
    size = kernel.shape[1]
    total = np.zeros((size, size), order="F")
    for start in range(0, len(kernel), _BLOCK):
        part = kernel[start : start + _BLOCK].astype(np.float64)
        total = blas.dsyrk(1.0, part.T, 1.0, total, lower=1, overwrite_c=1)
    lower = np.tril(total)
    return np.asarray(lower + np.tril(lower, -1).T)


def _round_to_grid(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round weights, shape (landmarks, labels), to 24 bits below the label's largest.

    The rounding removes what differs between BLAS kernels, so that the stored
    coefficients and their scales are the same on every processor.
    """
    _, exponents = np.frexp(np.abs(weights).max(axis=0, initial=0))
    grid = np.ldexp(1.0, exponents - 24)
    return np.asarray(np.rint(weights / grid) * grid)
