"""An expert on words: one linear function a label on hashed TF-IDF.

Every operation is exact or ordered (no BLAS, no vectorised transcendental), so that its
opinion is the same to the last bit on every processor.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.surrogate.base.expert import ExpertScores
from tracer_bentos.surrogate.base.ngrams import TokenFeatures, hash_features, is_word
from tracer_bentos.surrogate.base.sample import FeatureSample

__all__ = ["TfidfLinear", "Vector", "Vocabulary"]

_TERM_WEIGHTS = np.array([0.0] + [1 + math.log(n) for n in range(1, 65)], np.float32)
"""Sublinear term frequency, by count; a table, not a vectorised logarithm."""

Vector = tuple[NDArray[np.intp], NDArray[np.float32], float]
"""Positions in the vocabulary, their weights, and the share of n-grams known."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The n-grams that count, as sorted hashes, with their weights."""

    hashes: TokenFeatures
    """Sorted, without repeats."""
    idf: NDArray[np.float32]
    """Inverse document frequency of each."""

    def vector(self, features: TokenFeatures) -> Vector:
        """Weigh a text's n-grams; words and characters each have length 1."""
        ordered = np.sort(features)  # searching in order stays within the cache
        places = self.hashes.searchsorted(ordered)
        places[places == len(self.hashes)] = 0
        hits = places[self.hashes[places] == ordered]
        positions, counts = _runs(hits)
        terms = _TERM_WEIGHTS[np.minimum(counts, len(_TERM_WEIGHTS) - 1)]
        values = terms * self.idf[positions]
        words = is_word(self.hashes[positions])
        _scale(values, words)
        _scale(values, ~words)
        return positions, values, len(hits) / max(len(features), 1)


@dataclass(frozen=True, slots=True)
class TfidfLinear:
    """One linear function a label."""

    vocabulary: Vocabulary
    """What the columns of a text's vector are."""
    weights: NDArray[np.float32]
    """By n-gram and label; exactly representable in half precision."""
    bias: NDArray[np.float32]
    """By label."""

    encoder = None

    def score_batch(self, samples: Sequence[FeatureSample]) -> Sequence[ExpertScores]:
        """Give the decision value of each label and the share of n-grams known."""
        return [self.score_features(hash_features(each.text)) for each in samples]

    def score_features(self, features: TokenFeatures) -> ExpertScores:
        """Give the same of a text whose features are at hand."""
        positions, values, known = self.vocabulary.vector(features)
        products = self.weights.take(positions, axis=0)
        products *= values[:, None]
        decisions = np.add.reduce(products, axis=0, dtype=np.float32) + self.bias
        # From the margin's -1 to 1 to the 0 to 1 of the other experts.
        return ExpertScores(decisions.astype(np.float64) / 2 + 0.5, known)


def _runs(ordered: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give each number of an ordered array once, and how often it is there."""
    first = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    starts = first.nonzero()[0]
    counts = np.empty_like(starts)
    np.subtract(starts[1:], starts[:-1], out=counts[:-1])
    counts[-1:] = len(ordered) - starts[-1:]
    return ordered[starts], counts


def _scale(values: NDArray[np.float32], block: NDArray[np.bool_]) -> None:
    places = block.nonzero()[0]
    part = values[places]
    length = np.sqrt(np.add.reduce(part * part))
    if length > 0:
        values[places] = part / length
