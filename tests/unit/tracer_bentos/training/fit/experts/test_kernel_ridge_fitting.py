"""The closed forms for leaving groups out, compared to fits without the groups."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tracer_bentos.surrogate.base.int8_matmul import Int8Matrix
from tracer_bentos.surrogate.base.quantization import QuantizedVectors
from tracer_bentos.surrogate.base.sample import FeatureSample
from tracer_bentos.surrogate.encoders.precomputed import PrecomputedEncoder
from tracer_bentos.surrogate.kernel_ridge import KERNEL_STEPS, kernel_steps
from tracer_bentos.training.fit.experts import kernel_ridge_fitting
from tracer_bentos.training.fit.experts.fit_result import TrainingTargets
from tracer_bentos.training.fit.experts.kernel_ridge_fitting import (
    KernelShape,
    fit_kernel_ridge,
)
from tracer_bentos.training.fit.experts.ridge import solve_ridge

ROWS, LABELS, SIZE = 200, 3, 16
VECTORS = np.random.default_rng(1).normal(size=(ROWS, SIZE)).astype(np.float32)
TARGETS = (VECTORS[:, 0] > 0).astype(np.intp) + (VECTORS[:, 1] > 0)
# Every fifth row shares a group with the one before it.
GROUPS = tuple(row - (row % 5 == 1) for row in range(ROWS))
LEARNABLE = TrainingTargets(TARGETS, GROUPS, LABELS, seed=1)
KERNEL = (
    kernel_steps(
        QuantizedVectors.from_vectors(VECTORS).cosines(
            QuantizedVectors.from_vectors(VECTORS)
        )
    )
) / (KERNEL_STEPS)


def refitted(penalty: float) -> NDArray[np.float64]:
    wanted, scores = np.eye(LABELS)[TARGETS], np.empty((ROWS, LABELS))
    names = np.array(GROUPS)
    for group in set(GROUPS):
        left, kept = np.flatnonzero(names == group), np.flatnonzero(names != group)
        matrix = KERNEL[np.ix_(kept, kept)] + penalty * np.eye(len(kept))
        weights = np.linalg.solve(matrix, wanted[kept])
        scores[left] = KERNEL[np.ix_(left, kept)] @ weights
    return scores


@pytest.mark.parametrize("penalty", [0.1, 0.3])
def test_scores_without_a_group_equal_those_of_a_new_fit(penalty: float) -> None:
    found = solve_ridge(KERNEL.astype(np.float32), penalty, LEARNABLE)
    assert np.allclose(found.scores, refitted(penalty), atol=1e-4)


def test_groups_are_left_out_with_fewer_landmarks_than_rows() -> None:
    # Random labels of copies can be memorized, but not predicted for a group left out.
    vectors = np.repeat(VECTORS[:60], 2, axis=0)
    targets = np.repeat(np.random.default_rng(2).integers(0, 2, 60), 2)
    groups = tuple(row // 2 for row in range(120))
    training = TrainingTargets(targets, groups, 2, seed=1)

    fitted = fit_kernel_ridge(
        PrecomputedEncoder(SIZE),
        vectors,
        training,
        KernelShape("given", costly=False, max_landmarks=90),
    )

    own = [
        fitted.expert.score_batch([FeatureSample("", vector)])[0] for vector in vectors
    ]
    by_heart = np.array([opinion.scores.argmax() for opinion in own])
    assert (by_heart == targets).mean() > 0.9
    assert abs((fitted.scores.argmax(axis=1) == targets).mean() - 0.5) < 0.25


def test_large_and_small_groups_get_the_same_scores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def scores() -> NDArray[np.float64]:
        shape = KernelShape("given", costly=False, max_landmarks=90)
        return fit_kernel_ridge(
            PrecomputedEncoder(SIZE), VECTORS, LEARNABLE, shape
        ).scores

    in_closed_form = scores()
    monkeypatch.setattr(kernel_ridge_fitting, "_LARGE_GROUP", 1)
    assert np.allclose(scores(), in_closed_form, atol=1e-2)


def test_scores_are_the_same_alone_and_in_a_batch() -> None:
    shape = KernelShape("given", costly=False, max_landmarks=90)
    expert = fit_kernel_ridge(
        PrecomputedEncoder(SIZE), VECTORS, LEARNABLE, shape
    ).expert
    samples = [FeatureSample("", vector) for vector in [*VECTORS, *VECTORS * 2]]
    together = expert.score_batch(samples)
    alone = [expert.score_batch([sample])[0] for sample in samples]
    assert len(together) == 2 * ROWS  # more than one internal batch
    assert [(e.scores.tolist(), e.similarity) for e in together] == [
        (e.scores.tolist(), e.similarity) for e in alone
    ]


def test_cosines_are_the_same_in_training_and_serving() -> None:
    many = QuantizedVectors.from_vectors(VECTORS)
    products = Int8Matrix(many.entries).multiply(many.entries)
    lengths = many.lengths[:, None] * many.lengths
    assert np.allclose(products / lengths, many.cosines(many), rtol=1e-15)
    assert np.array_equal(
        products / many.lengths / many.lengths[:, None],
        many.cosines(many).T,
    )
