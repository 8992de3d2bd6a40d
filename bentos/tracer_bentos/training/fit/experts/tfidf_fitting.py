"""The fit of the expert on words: a linear support vector machine on hashed TF-IDF."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC

from tracer_bentos.surrogate.base.ngrams import TokenFeatures
from tracer_bentos.surrogate.tfidf_linear import TfidfLinear, Vocabulary
from tracer_bentos.training.fit.experts.fit_result import (
    FitResult,
    Targets,
    TrainingTargets,
)

__all__ = ["FoldFit", "merge_tfidf_folds", "solve_tfidf", "tfidf_fit_tasks"]

_MAX_FOLDS, _MIN_FOLDS = 5, 3
_MANY_ROWS = 4_000
"""Number of rows from which three folds lose no accuracy and take half the time."""
_PENALTY = 0.5
_MAX_FEATURES = 65_536
_MAX_WEIGHTS = 15_000_000
"""Largest number of entries of the weight matrix: 60 MB in single precision."""
_ABSENT_LABEL = np.float32(-10.0)
"""Decision value of a label without a row in the fit."""
_ONLY_LABEL = np.float32(1.0)
"""Decision value of a label that is the only one in the fit: the margin of the SVM."""

_SOLVER_LOCK = Lock()
"""Allows one fit at a time: liblinear uses one random generator for the whole process,
so parallel fits with the same seed would differ."""


@dataclass(frozen=True, slots=True)
class FoldFit:
    """A fit without one fold, and its scores for the n rows of the fold."""

    expert: TfidfLinear | None
    """The fit on all rows; none if a fold was left out."""
    rows: NDArray[np.intp]
    """Positions of the rows of the fold, shape (n,)."""
    scores: NDArray[np.float64]
    """Scores, shape (n, labels)."""
    similarity: NDArray[np.float64]
    """Similarity, shape (n,)."""


def tfidf_fit_tasks(
    documents: Sequence[TokenFeatures], training: TrainingTargets
) -> list[Callable[[], FoldFit]]:
    """Return the pieces of work: one fit on all rows, and one without each fold.

    Args:
        documents: The hashed n-grams of each TRAIN row.
        training: The targets of the fits.
    """
    folds = _folds(training)
    fold_numbers = range(-1, int(folds.max()) + 1)
    return [
        partial(_fit_fold, fold, documents, folds, training) for fold in fold_numbers
    ]


def merge_tfidf_folds(parts: Sequence[FoldFit], training: TrainingTargets) -> FitResult:
    """Return the fit from the results of the pieces, in their order."""
    rows = len(training.targets)
    scores, similarity = np.empty((rows, training.labels)), np.empty(rows)
    for part in parts[1:]:
        scores[part.rows], similarity[part.rows] = part.scores, part.similarity
    expert = parts[0].expert
    if expert is None:
        raise ValueError("the first piece must be the fit on all rows")
    return FitResult(
        name="terms",
        costly=False,
        expert=expert,
        scores=scores,
        similarity=similarity,
    )


def solve_tfidf(
    documents: Sequence[TokenFeatures], targets: Targets, labels: int, seed: int
) -> TfidfLinear:
    """Fit one linear function for each label on hashed n-grams.

    Args:
        documents: The hashed n-grams of each of n rows.
        targets: Index of the label of each row, shape (n,).
        labels: Number of labels; labels without a row are never predicted.
        seed: Seed of the solver.
    """
    limit = min(_MAX_FEATURES, _MAX_WEIGHTS // labels)
    vocabulary = _fit_vocabulary(documents, limit)
    weights = np.zeros((len(vocabulary.hashes), labels), np.float32)
    bias = np.full(labels, _ABSENT_LABEL)
    present = np.unique(targets)
    if len(present) == 1:  # the only row of a rare label is in the fold left out
        bias[present] = _ONLY_LABEL
        return TfidfLinear(vocabulary, weights, bias)
    solver = LinearSVC(C=_PENALTY, dual=True, random_state=seed, max_iter=2000)
    matrix = _matrix(vocabulary, documents)
    with _SOLVER_LOCK:
        solver.fit(matrix, targets)
    columns, offsets = _by_label(solver)
    # The bundle stores half precision; the rounding here keeps decisions the same.
    weights[:, solver.classes_] = columns.astype(np.float16)
    bias[solver.classes_] = offsets
    return TfidfLinear(vocabulary, weights, bias)


def _fit_fold(
    fold: int,
    documents: Sequence[TokenFeatures],
    folds: NDArray[np.intp],
    training: TrainingTargets,
) -> FoldFit:
    # No row is in fold -1, so the fit without it uses all rows.
    kept = np.flatnonzero(folds != fold)
    fitted = [documents[i] for i in kept.tolist()]
    expert = solve_tfidf(fitted, training.targets[kept], training.labels, training.seed)
    left = np.flatnonzero(folds == fold)
    left_scores = [expert.score_features(documents[i]) for i in left.tolist()]
    scores = np.array([found.scores for found in left_scores]).reshape(
        -1, training.labels
    )
    similarity = np.array([found.similarity for found in left_scores])
    return FoldFit(None if len(left) else expert, left, scores, similarity)


def _folds(training: TrainingTargets) -> NDArray[np.intp]:
    names, members = np.unique(np.asarray(training.groups), return_inverse=True)
    count = _MAX_FOLDS if len(training.targets) < _MANY_ROWS else _MIN_FOLDS
    order = np.random.default_rng(training.seed).permutation(len(names))
    folds: NDArray[np.intp] = (order % count)[members]
    return folds


def _fit_vocabulary(documents: Sequence[TokenFeatures], limit: int) -> Vocabulary:
    distinct = np.concatenate([np.unique(document) for document in documents])
    hashes, frequency = np.unique(distinct, return_counts=True)
    # An n-gram of one text does not help for other texts, and could disclose the text.
    kept = np.flatnonzero(frequency > 1)
    kept = np.sort(kept[np.argsort(-frequency[kept], kind="stable")][:limit])
    if not len(kept):  # no n-gram repeats: use one that no text has
        return Vocabulary(np.zeros(1, np.uint32), np.ones(1, np.float32))
    rows = 1 + len(documents)
    # NumPy's logarithm is not used: its last bit differs between processors.
    inverse = [math.log(rows / (1 + count)) + 1 for count in frequency[kept].tolist()]
    return Vocabulary(hashes[kept], np.array(inverse, np.float32))


def _matrix(vocabulary: Vocabulary, documents: Sequence[TokenFeatures]) -> csr_matrix:
    vectors = [vocabulary.vectorize(document) for document in documents]
    ends = np.cumsum([0] + [len(positions) for positions, _, _ in vectors])
    shape = (len(documents), len(vocabulary.hashes))
    columns = np.concatenate([positions for positions, _, _ in vectors])
    values = np.concatenate([weights for _, weights, _ in vectors])
    return csr_matrix((values.astype(np.float64), columns, ends), shape=shape)


def _by_label(solver: LinearSVC) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    columns, offsets = solver.coef_.T, solver.intercept_
    if columns.shape[1] == 1:  # two labels share one function
        return np.hstack([-columns, columns]), np.hstack([-offsets, offsets])
    return columns, offsets
