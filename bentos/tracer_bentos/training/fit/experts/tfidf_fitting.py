"""Fitting the expert on words: a linear support vector machine on hashed TF-IDF."""

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

_MOST_FOLDS, _FEWEST_FOLDS = 5, 3
_MANY_ROWS = 4_000
"""From here on, three folds lose nothing and take half the time."""
_PENALTY = 0.5
_MOST_FEATURES = 65_536
_MOST_WEIGHTS = 15_000_000
"""Entries of the weight matrix: 60 MB in single precision."""
_NEVER = np.float32(-10.0)
"""Decision value of a label without a row in the fit."""
_ALWAYS = np.float32(1.0)
"""Decision value of a label that is the only one in the fit: the margin of the SVM."""

_SOLVING = Lock()
"""liblinear draws from one generator for the whole process: one fit at a time, or
seeded fits differ."""


@dataclass(frozen=True, slots=True)
class FoldFit:
    """A fit without one fold, and what it says about that fold."""

    expert: TfidfLinear | None
    """The fit on all rows; of no further use where a fold was left out."""
    rows: NDArray[np.intp]
    """The rows of the fold."""
    scores: NDArray[np.float64]
    """By row of the fold and label."""
    familiar: NDArray[np.float64]
    """By row of the fold."""


def tfidf_fit_tasks(
    documents: Sequence[TokenFeatures], learnable: TrainingTargets
) -> list[Callable[[], FoldFit]]:
    """Give the pieces of work: one fit on all rows and one without each fold.

    Args:
        documents: The features of each TRAIN row.
        learnable: What to fit to.
    """
    folds = _folds(learnable)
    every = range(-1, int(folds.max()) + 1)
    return [partial(_fit_fold, fold, documents, folds, learnable) for fold in every]


def merge_tfidf_folds(
    parts: Sequence[FoldFit], learnable: TrainingTargets
) -> FitResult:
    """Put the results of the pieces together, in their order."""
    rows = len(learnable.targets)
    scores, familiar = np.empty((rows, learnable.labels)), np.empty(rows)
    for part in parts[1:]:
        scores[part.rows], familiar[part.rows] = part.scores, part.familiar
    whole = parts[0].expert
    if whole is None:
        raise ValueError("the first piece is the fit on all rows")
    return FitResult(
        name="terms",
        costly=False,
        expert=whole,
        scores=scores,
        familiar=familiar,
    )


def solve_tfidf(
    documents: Sequence[TokenFeatures], targets: Targets, labels: int, seed: int
) -> TfidfLinear:
    """Fit one linear function a label on hashed n-grams.

    Args:
        documents: The features of each row.
        targets: The label of each row.
        labels: Number of labels; those without a row are never predicted.
        seed: Seed of the solver.
    """
    limit = min(_MOST_FEATURES, _MOST_WEIGHTS // labels)
    vocabulary = _fit_vocabulary(documents, limit)
    weights = np.zeros((len(vocabulary.hashes), labels), np.float32)
    bias = np.full(labels, _NEVER)
    present = np.unique(targets)
    if len(present) == 1:  # the only row of a rare label is in the fold left out
        bias[present] = _ALWAYS
        return TfidfLinear(vocabulary, weights, bias)
    solver = LinearSVC(C=_PENALTY, dual=True, random_state=seed, max_iter=2000)
    matrix = _matrix(vocabulary, documents)
    with _SOLVING:
        solver.fit(matrix, targets)
    columns, offsets = _by_label(solver)
    # Half precision is what the bundle stores; rounding here keeps decisions the same.
    weights[:, solver.classes_] = columns.astype(np.float16)
    bias[solver.classes_] = offsets
    return TfidfLinear(vocabulary, weights, bias)


def _fit_fold(
    fold: int,
    documents: Sequence[TokenFeatures],
    folds: NDArray[np.intp],
    what: TrainingTargets,
) -> FoldFit:
    # Fold -1 is no row's, so without it all are fitted.
    kept = np.flatnonzero(folds != fold)
    fitted = [documents[i] for i in kept.tolist()]
    terms = solve_tfidf(fitted, what.targets[kept], what.labels, what.seed)
    left = np.flatnonzero(folds == fold)
    opinions = [terms.score_features(documents[i]) for i in left.tolist()]
    scores = np.array([each.scores for each in opinions]).reshape(-1, what.labels)
    familiar = np.array([each.similarity for each in opinions])
    return FoldFit(None if len(left) else terms, left, scores, familiar)


def _folds(what: TrainingTargets) -> NDArray[np.intp]:
    names, members = np.unique(np.asarray(what.groups), return_inverse=True)
    count = _MOST_FOLDS if len(what.targets) < _MANY_ROWS else _FEWEST_FOLDS
    order = np.random.default_rng(what.seed).permutation(len(names))
    folds: NDArray[np.intp] = (order % count)[members]
    return folds


def _fit_vocabulary(documents: Sequence[TokenFeatures], limit: int) -> Vocabulary:
    distinct = np.concatenate([np.unique(document) for document in documents])
    hashes, frequency = np.unique(distinct, return_counts=True)
    # An n-gram of one text says nothing about another, and could give it away.
    kept = np.flatnonzero(frequency > 1)
    kept = np.sort(kept[np.argsort(-frequency[kept], kind="stable")][:limit])
    if not len(kept):  # nothing comes twice: one n-gram that no text has
        return Vocabulary(np.zeros(1, np.uint32), np.ones(1, np.float32))
    rows = 1 + len(documents)
    # Not numpy's logarithm, whose last bit differs between processors.
    inverse = [math.log(rows / (1 + count)) + 1 for count in frequency[kept].tolist()]
    return Vocabulary(hashes[kept], np.array(inverse, np.float32))


def _matrix(vocabulary: Vocabulary, documents: Sequence[TokenFeatures]) -> csr_matrix:
    vectors = [vocabulary.vector(document) for document in documents]
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
