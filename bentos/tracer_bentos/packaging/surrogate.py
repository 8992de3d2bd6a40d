"""The surrogate: a linear classifier on hashed TF-IDF, and when its answer is accepted.

Every operation is exact or ordered (no BLAS, no vectorised transcendental), so that a
decision is the same to the last bit on every processor.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.packaging.features import Features, hash_features, is_word

__all__ = [
    "Calibration",
    "Classifier",
    "Policy",
    "Prediction",
    "Signals",
    "Surrogate",
    "Vocabulary",
]

_TERM_WEIGHTS = np.array([0.0] + [1 + math.log(n) for n in range(1, 65)], np.float32)
"""Sublinear term frequency, by count; a table, not a vectorised logarithm."""
_RIVALS = 5
_SHARPNESS = 3.0
_DIGITS = 9
"""Scores are rounded: libraries of mathematics differ in the sixteenth digit."""

Vector = tuple[NDArray[np.intp], NDArray[np.float32], float]
"""Positions in the vocabulary, their weights, and the share of n-grams known."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the surrogate says about one text."""

    label: str
    """The teacher's answer as predicted."""
    score: float
    """Calibrated probability that the teacher would say the same."""
    accepted: bool
    """Whether the certified policy answers it."""
    cell: str
    """The cell of the answer."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What the acceptance score is made of."""

    label: int
    """Index of the predicted label."""
    top: float
    """Decision value of that label."""
    margin: float
    """Its distance to the next label."""
    rivals: float
    """How near the next labels are; 0 when none is."""
    known: float
    """Share of the text's n-grams that training has seen."""

    def numbers(self) -> tuple[float, float, float, float]:
        """Give them as the calibration takes them."""
        return self.top, self.margin, self.rivals, self.known


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The n-grams that count, as sorted hashes, with their weights."""

    hashes: Features
    """Sorted, without repeats."""
    idf: NDArray[np.float32]
    """Inverse document frequency of each."""

    def vector(self, features: Features) -> Vector:
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
class Classifier:
    """One linear function a label."""

    vocabulary: Vocabulary
    """What the columns of a text's vector are."""
    weights: NDArray[np.float32]
    """By n-gram and label; exactly representable in half precision."""
    bias: NDArray[np.float32]
    """By label."""

    def signals(self, features: Features) -> Signals:
        """Give the predicted label of a text and how sure it is."""
        positions, values, known = self.vocabulary.vector(features)
        products = self.weights.take(positions, axis=0)
        products *= values[:, None]
        decisions = np.add.reduce(products, axis=0, dtype=np.float32) + self.bias
        best = np.sort(decisions)[: -_RIVALS - 1 : -1].tolist()
        rivals = sum(math.exp(_SHARPNESS * (other - best[0])) for other in best[1:])
        label = int(np.argmax(decisions))
        return Signals(label, best[0], best[0] - best[1], rivals, known)


@dataclass(frozen=True, slots=True)
class Calibration:
    """From signals to the probability that the teacher agrees."""

    weights: tuple[float, ...]
    """One for each number of the signals, and one for the cell's own log-odds."""
    intercept: float
    """The constant term."""
    cells: tuple[float, ...]
    """Log-odds of agreement of each cell, shrunk, out of fold."""

    def score(self, signals: Signals) -> float:
        """Give the acceptance score of one prediction."""
        numbers = (*signals.numbers(), self.cells[signals.label])
        total = self.intercept
        for weight, number in zip(self.weights, numbers, strict=True):
            total += weight * number
        return round(1 / (1 + math.exp(-max(min(total, 40.0), -40.0))), _DIGITS)


@dataclass(frozen=True, slots=True)
class Policy:
    """Which predictions are given as answers."""

    threshold: float
    """Least acceptance score."""
    known_floor: float
    """Least share of known n-grams: a text unlike all seen goes to the teacher."""
    open_cells: tuple[bool, ...]
    """By label, whether its cell is answered at all."""

    def passes_gate(self, signals: Signals) -> bool:
        """Tell whether a text is familiar and its cell is open, whatever its score."""
        return signals.known >= self.known_floor and self.open_cells[signals.label]

    def accepts(self, signals: Signals, score: float) -> bool:
        """Tell whether a prediction is given as the answer."""
        return self.passes_gate(signals) and score >= self.threshold


@dataclass(frozen=True, slots=True)
class Surrogate:
    """Classifier, calibration and policy: all that decides."""

    labels: tuple[str, ...]
    """The teacher's answers that it can give."""
    classifier: Classifier
    """Which label."""
    calibration: Calibration
    """How probable agreement is."""
    policy: Policy
    """Whether to answer."""

    def decide(self, text: str) -> Prediction:
        """Decide about one text."""
        return self.decide_features(hash_features(text))

    def decide_features(self, features: Features) -> Prediction:
        """Decide about one text whose features are at hand."""
        signals = self.classifier.signals(features)
        score = self.calibration.score(signals)
        label = self.labels[signals.label]
        return Prediction(label, score, self.policy.accepts(signals, score), label)

    def decide_all(self, texts: Sequence[str]) -> list[Prediction]:
        """Decide about many texts, each exactly as if it came alone."""
        return [self.decide(text) for text in texts]


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
