"""Fitting an expert on embeddings: kernel ridge regression on landmarks.

With kernel values P of the rows and Q of the landmarks among themselves, the weights
are ``B = (P'P + l Q)^-1 P'Y``. Leaving a group g of rows out has a closed form: its
scores become ``Y_g - (I - H_g)^-1 (Y_g - P_g B)`` with
``H_g = P_g (P'P + l Q)^-1 P_g'`` (the leave-one-out identity of ridge regression, by
blocks), so nothing is fitted twice.
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
"""The only one that is tried where there are many rows: it matters little there."""
_MANY_ROWS = 3_000
_JITTER = 1e-4
"""Keeps the factorisation possible where landmarks nearly coincide."""
_BLOCK = 4_096
_LARGE_GROUP = 1_024
"""Leaving out so many rows at once is a fit without them: the closed form would need a
matrix of the group by itself."""
_LEAST_REST = 1e-3
"""Least share of a row that its own fit leaves to it; smaller is rounding."""


@dataclass(frozen=True, slots=True)
class KernelShape:
    """How large the expert may become."""

    name: str
    """Name of the expert, for people."""
    costly: bool
    """Whether its embeddings take milliseconds."""
    most: int
    """Most landmarks: the time of a decision grows with them."""


def fit_kernel_ridge(
    encoder: Encoder,
    vectors: NDArray[np.float32],
    learnable: TrainingTargets,
    shape: KernelShape,
) -> FitResult:
    """Fit an expert on embeddings and give its leave-group-out opinions.

    Args:
        encoder: Gives the embeddings when serving.
        vectors: The embedding of each TRAIN row.
        learnable: What to fit to.
        shape: How large it may become.
    """
    centre = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    rows = QuantizedVectors.from_vectors(vectors - centre)
    chosen = _landmarks(len(vectors), shape.most, learnable.seed)
    places = QuantizedVectors.from_entries(rows.entries[chosen])
    kernel, familiar = _kernel(rows, places, chosen, learnable.groups)
    penalties = _PENALTIES if len(vectors) <= _MANY_ROWS else (_PENALTY,)
    if len(places) == len(rows):
        solutions = [solve_ridge(kernel, penalty, learnable) for penalty in penalties]
    else:
        solutions = _solve_some(kernel, chosen, penalties, learnable)
    best = min(solutions, key=lambda each: each.loss)
    coefficients = Coefficients.from_matrix(_on_grid(best.weights))
    return FitResult(
        name=shape.name,
        costly=shape.costly,
        expert=KernelRidge(encoder, centre, places, coefficients),
        scores=best.scores,
        familiar=familiar,
    )


def _landmarks(rows: int, most: int, seed: int) -> NDArray[np.intp]:
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).permutation(rows)[:most])


def _kernel(
    rows: QuantizedVectors,
    places: QuantizedVectors,
    chosen: NDArray[np.intp],
    groups: Sequence[int],
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Give kernel values, and the nearest landmark that is not of the row's group."""
    names = np.asarray(groups)
    kernel = np.empty((len(rows), len(places)), np.float32)
    familiar = np.empty(len(rows))
    for start in range(0, len(rows), _BLOCK):
        part = slice(start, start + _BLOCK)
        entries, lengths = rows.entries[part], rows.lengths[part]
        cosines = QuantizedVectors(entries, lengths).cosines(places)
        kernel[part] = kernel_steps(cosines) / KERNEL_STEPS
        cosines[names[part, None] == names[chosen]] = 0
        familiar[part] = np.maximum(cosines.max(axis=1), 0)
    return kernel, familiar


def _solve_some(
    kernel: NDArray[np.float32],
    chosen: NDArray[np.intp],
    penalties: Sequence[float],
    learnable: TrainingTargets,
) -> list[RidgeSolution]:
    wanted = np.eye(learnable.labels, dtype=np.float32)[learnable.targets]
    within, right = kernel[chosen].astype(np.float64), _product(kernel, wanted)
    product = _gram(kernel)
    product[np.diag_indices_from(product)] += _JITTER * len(kernel) / len(product)
    return [
        _solve(_System(kernel, product + penalty * within, right), learnable)
        for penalty in penalties
    ]


@dataclass(frozen=True, slots=True)
class _System:
    """The equations of one penalty."""

    kernel: NDArray[np.float32]
    matrix: NDArray[np.float64]
    right: NDArray[np.float64]

    def without(self, rows: NDArray[np.intp], wanted: NDArray[np.float32]) -> "_System":
        part = self.kernel[rows]
        matrix, right = _gram(part), _product(part, wanted)
        return _System(part, self.matrix - matrix, self.right - right)

    def solved(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give the factor and the weights."""
        factor = cholesky(self.matrix, lower=True, check_finite=False)
        half = solve_triangular(factor, self.right, lower=True, check_finite=False)
        return factor, solve_triangular(factor.T, half, lower=False, check_finite=False)


def _solve(system: _System, learnable: TrainingTargets) -> RidgeSolution:
    factor, weights = system.solved()
    scores = _leave_out(system, factor, weights, learnable)
    return RidgeSolution.solve(weights, scores, learnable)


def _leave_out(
    system: _System,
    factor: NDArray[np.float64],
    weights: NDArray[np.float64],
    learnable: TrainingTargets,
) -> NDArray[np.float64]:
    kernel = system.kernel
    members = members_of(learnable.groups)
    scores = np.empty((len(kernel), learnable.labels))
    alone = np.array([rows[0] for rows in members if len(rows) == 1], np.intp)
    for start in range(0, len(alone), _BLOCK):
        part = alone[start : start + _BLOCK]
        scores[part] = _without_itself(kernel[part], factor, weights, part, learnable)
    for rows in members:
        part = np.array(rows)
        if len(rows) > _LARGE_GROUP:
            scores[part] = _refitted(system, part, learnable)
        elif len(rows) > 1:
            scores[part] = _without_group(
                kernel[part], factor, weights, part, learnable
            )
    return scores


def _refitted(
    system: _System, rows: NDArray[np.intp], learnable: TrainingTargets
) -> NDArray[np.float64]:
    wanted = np.eye(learnable.labels, dtype=np.float32)[learnable.targets[rows]]
    rest = system.without(rows, wanted)
    return np.asarray(rest.kernel @ rest.solved()[1])


def _without_itself(
    kernel: NDArray[np.float32],
    factor: NDArray[np.float64],
    weights: NDArray[np.float64],
    rows: NDArray[np.intp],
    learnable: TrainingTargets,
) -> NDArray[np.float64]:
    half = solve_triangular(factor, kernel.T, lower=True, check_finite=False)
    rest = np.maximum(1 - np.square(half).sum(axis=0), _LEAST_REST)
    wanted = np.eye(learnable.labels)[learnable.targets[rows]]
    return np.asarray(wanted - (wanted - kernel @ weights) / rest[:, None])


def _without_group(
    kernel: NDArray[np.float32],
    factor: NDArray[np.float64],
    weights: NDArray[np.float64],
    rows: NDArray[np.intp],
    learnable: TrainingTargets,
) -> NDArray[np.float64]:
    half = solve_triangular(factor, kernel.T, lower=True, check_finite=False)
    own = half.T @ half
    rest = np.eye(len(rows)) - own
    rest[np.diag_indices_from(rest)] += _LEAST_REST
    wanted = np.eye(learnable.labels)[learnable.targets[rows]]
    return np.asarray(wanted - np.linalg.solve(rest, wanted - kernel @ weights))


def _product(
    left: NDArray[np.float32], right: NDArray[np.float32]
) -> NDArray[np.float64]:
    # Kernel values are multiples of 2^-15 from 0 to 1, so in double precision a sum of
    # up to 2^23 products is exact, in any order and with any BLAS kernel.
    total = np.zeros((left.shape[1], right.shape[1]))
    for start in range(0, len(left), _BLOCK):
        part = slice(start, start + _BLOCK)
        total += left[part].astype(np.float64).T @ right[part]
    return total


def _gram(kernel: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the product of the transposed kernel with itself, as exact as _product."""
    size = kernel.shape[1]
    total = np.zeros((size, size), order="F")
    for start in range(0, len(kernel), _BLOCK):
        part = kernel[start : start + _BLOCK].astype(np.float64)
        total = blas.dsyrk(1.0, part.T, 1.0, total, lower=1, overwrite_c=1)
    lower = np.tril(total)
    return np.asarray(lower + np.tril(lower, -1).T)


def _on_grid(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round weights, shape (landmarks, labels), to 24 bits below the label's largest.

    The rounding removes what differs between BLAS kernels, so that the stored
    coefficients and their scales are the same on every processor.
    """
    _, exponents = np.frexp(np.abs(weights).max(axis=0, initial=0))
    grid = np.ldexp(1.0, exponents - 24)
    return np.asarray(np.rint(weights / grid) * grid)
