"""Fitting the linear classifier, and what it says about rows it was not fitted on."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC

from tracer_bentos.packaging.features import Features
from tracer_bentos.packaging.surrogate import Classifier, Signals, Vocabulary

__all__ = ["fit_classifier", "predict_out_of_fold"]

_FOLDS = 5
_PENALTY = 0.5
_MOST_FEATURES = 65_536
_MOST_WEIGHTS = 15_000_000
"""Entries of the weight matrix: 60 MB in single precision."""
_NEVER = np.float32(-10.0)
"""Decision value of a label that a fold has not seen."""

Targets = NDArray[np.intp]
"""The label of each row, by index."""


def fit_classifier(
    documents: Sequence[Features], targets: Targets, labels: int, seed: int
) -> Classifier:
    """Fit one linear function a label on hashed n-grams.

    Args:
        documents: The features of each row.
        targets: The label of each row.
        labels: Number of labels; those without a row are never predicted.
        seed: Seed of the solver.
    """
    limit = min(_MOST_FEATURES, _MOST_WEIGHTS // labels)
    vocabulary = _fit_vocabulary(documents, limit)
    solver = LinearSVC(C=_PENALTY, dual=True, random_state=seed, max_iter=2000)
    solver.fit(_matrix(vocabulary, documents), targets)
    columns, offsets = _by_label(solver)
    weights = np.zeros((len(vocabulary.hashes), labels), np.float32)
    bias = np.full(labels, _NEVER)
    # Half precision is what the bundle stores; rounding here keeps decisions the same.
    weights[:, solver.classes_] = columns.astype(np.float16)
    bias[solver.classes_] = offsets
    return Classifier(vocabulary, weights, bias)


def predict_out_of_fold(
    documents: Sequence[Features],
    targets: Targets,
    groups: Sequence[int],
    labels: int,
    seed: int,
) -> list[Signals]:
    """Give for each row the signals of a classifier fitted without its group."""
    folds = _folds(groups, seed)
    signals: dict[int, Signals] = {}
    for fold in range(_FOLDS):
        fitted = [documents[i] for i in np.flatnonzero(folds != fold).tolist()]
        classifier = fit_classifier(fitted, targets[folds != fold], labels, seed)
        for row in np.flatnonzero(folds == fold).tolist():
            signals[row] = classifier.signals(documents[row])
    return [signals[row] for row in range(len(documents))]


def _folds(groups: Sequence[int], seed: int) -> NDArray[np.intp]:
    names, members = np.unique(np.asarray(groups), return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(names))
    folds: NDArray[np.intp] = (order % _FOLDS)[members]
    return folds


def _fit_vocabulary(documents: Sequence[Features], limit: int) -> Vocabulary:
    distinct = np.concatenate([np.unique(document) for document in documents])
    hashes, frequency = np.unique(distinct, return_counts=True)
    # An n-gram of one text says nothing about another, and could give it away.
    kept = np.flatnonzero(frequency > 1)
    kept = np.sort(kept[np.argsort(-frequency[kept], kind="stable")][:limit])
    if not len(kept):  # nothing comes twice: one n-gram that no text has
        return Vocabulary(np.zeros(1, np.uint32), np.ones(1, np.float32))
    inverse = np.log((1 + len(documents)) / (1 + frequency[kept])) + 1
    return Vocabulary(hashes[kept], inverse.astype(np.float32))


def _matrix(vocabulary: Vocabulary, documents: Sequence[Features]) -> csr_matrix:
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
