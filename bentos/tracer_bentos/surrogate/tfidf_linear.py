"""An expert on words: a linear function per label on hashed TF-IDF features.

Every operation is exact or has a fixed order (no BLAS, no vectorized transcendental
function), so every processor computes the same bits.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.surrogate.base.expert import ExpertScores
from tracer_bentos.surrogate.base.ngrams import TokenFeatures, hash_features, is_word
from tracer_bentos.surrogate.base.sample import FeatureSample

__all__ = ["TfidfLinear", "TfidfVector", "Vocabulary"]

_TERM_FREQUENCY_WEIGHTS = np.array(
    [0.0] + [1 + math.log(n) for n in range(1, 65)], np.float32
)
"""Sublinear term frequency by count; a table instead of a vectorized logarithm."""

TfidfVector = tuple[NDArray[np.intp], NDArray[np.float32], float]
"""Positions in the vocabulary, their weights, and the fraction of known n-grams."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The n-grams of the model, as sorted hashes, with their weights."""

    hashes: TokenFeatures
    """Hashes of the n-grams, sorted and unique, shape (n-grams,)."""
    idf: NDArray[np.float32]
    """Inverse document frequency of each n-gram, shape (n-grams,)."""

    def vectorize(self, features: TokenFeatures) -> TfidfVector:
        """Return the TF-IDF vector of a text.

        The part of words and the part of characters each have length 1.
        """
        ordered = np.sort(features)  # a search in order stays within the cache
        places = self.hashes.searchsorted(ordered)
        places[places == len(self.hashes)] = 0
        hits = places[self.hashes[places] == ordered]
        positions, counts = _runs(hits)
        terms = _TERM_FREQUENCY_WEIGHTS[
            np.minimum(counts, len(_TERM_FREQUENCY_WEIGHTS) - 1)
        ]
        values = terms * self.idf[positions]
        words = is_word(self.hashes[positions])
        _normalize(values, words)
        _normalize(values, ~words)
        return positions, values, len(hits) / max(len(features), 1)


@dataclass(frozen=True, slots=True)
class TfidfLinear:
    """A linear function per label."""

    vocabulary: Vocabulary
    """The n-grams that the weights belong to."""
    weights: NDArray[np.float32]
    """Weights, shape (n-grams, labels); exactly representable in half precision."""
    bias: NDArray[np.float32]
    """Constant term of each label, shape (labels,)."""

    encoder = None

    def score_batch(self, samples: Sequence[FeatureSample]) -> Sequence[ExpertScores]:
        """Return the scores of each text and the fraction of its known n-grams."""
        return [self.score_features(hash_features(sample.text)) for sample in samples]

    def score_features(self, features: TokenFeatures) -> ExpertScores:
        """Return the scores of a text from its hashed n-grams."""
        positions, values, known = self.vocabulary.vectorize(features)
        products = self.weights.take(positions, axis=0)
        products *= values[:, None]
        decisions = np.add.reduce(products, axis=0, dtype=np.float32) + self.bias
        # Map the margin, from -1 to 1, to the range of the other experts, from 0 to 1.
        return ExpertScores(decisions.astype(np.float64) / 2 + 0.5, known)


def _runs(ordered: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the distinct numbers of a sorted array, and their counts."""
    first = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    starts = first.nonzero()[0]
    counts = np.empty_like(starts)
    np.subtract(starts[1:], starts[:-1], out=counts[:-1])
    counts[-1:] = len(ordered) - starts[-1:]
    return ordered[starts], counts


def _normalize(values: NDArray[np.float32], part: NDArray[np.bool_]) -> None:
    """Scale a part of a vector, in place, to length 1."""
    places = part.nonzero()[0]
    chosen = values[places]
    length = np.sqrt(np.add.reduce(chosen * chosen))
    if length > 0:
        values[places] = chosen / length
