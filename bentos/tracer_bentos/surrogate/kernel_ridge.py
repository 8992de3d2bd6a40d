"""An expert on meaning: how near a text's embedding is to landmarks of the training.

The kernel is ``((1 + cosine) / 2) ** 4``, near ``exp(2 (cosine - 1))`` but made of
multiplications only. Embeddings, kernel values and coefficients are whole numbers times
a scale, so both matrix products are exact and an opinion is the same to the last bit on
every processor, alone or in a batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.surrogate.base.encoder import Encoder
from tracer_bentos.surrogate.base.expert import ExpertScores
from tracer_bentos.surrogate.base.int8_matmul import Int8Matrix, Int16Matrix
from tracer_bentos.surrogate.base.quantization import QuantizedVectors
from tracer_bentos.surrogate.base.sample import FeatureSample

__all__ = ["Coefficients", "KernelRidge", "kernel_steps"]

KERNEL_STEPS: Final = 32_768
"""Kernel values are multiples of one part in this many."""

_HALF_STEPS: Final = KERNEL_STEPS // 2
_COEFFICIENT_STEPS: Final = 32_767
_AT_ONCE: Final = 256
"""Inputs that are decided at once: some MiB of kernel values."""


def kernel_steps(cosines: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give kernel values as whole numbers of steps, from 0 to 32,768."""
    steps = cosines + 1
    steps *= steps
    steps *= steps
    steps *= KERNEL_STEPS / 2**4  # a power of two: nothing is rounded here
    return np.rint(steps, out=steps)


@dataclass(frozen=True)
class Coefficients:
    """One weight a landmark and label, as whole numbers times a scale of the label."""

    steps: NDArray[np.int16]
    """Whole numbers from -32,767 to 32,767, one row a label."""
    scales: NDArray[np.float64]
    """What one step of a label is worth, the kernel's own step included."""

    @classmethod
    def from_matrix(cls, weights: NDArray[np.float64]) -> Self:
        """Quantise weights, one row a landmark and one column a label."""
        largest = np.abs(weights).max(axis=0, initial=0)
        scales = np.where(largest > 0, largest, 1) / _COEFFICIENT_STEPS
        steps = np.rint(weights / scales).T.astype(np.int16)
        return cls(steps, scales / KERNEL_STEPS)

    def scores(self, kernel: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the score of each label from kernel values in steps, one input a row."""
        # From the middle, so that a kernel value of 1 is a short number as well.
        shorts = (kernel - _HALF_STEPS).astype(np.int16)
        scores = self._matrix.times(shorts)
        scores *= self.scales
        return scores

    @cached_property
    def _matrix(self) -> Int16Matrix:
        return Int16Matrix(self.steps, _HALF_STEPS)


@dataclass(frozen=True)
class KernelRidge:
    """Kernel ridge regression on embeddings."""

    encoder: Encoder
    """Gives the embedding of an input."""
    centre: NDArray[np.float32]
    """Mean embedding of the training rows; what all share tells nothing apart."""
    places: QuantizedVectors
    """The landmarks' embeddings, centred."""
    coefficients: Coefficients
    """Their weights by label."""

    def score_batch(self, samples: Sequence[FeatureSample]) -> Sequence[ExpertScores]:
        """Give the score of each label and the cosine with the nearest landmark."""
        if len(samples) <= _AT_ONCE:
            return self._scores(samples)
        starts = range(0, len(samples), _AT_ONCE)
        parts = (self._scores(samples[start : start + _AT_ONCE]) for start in starts)
        return [opinion for part in parts for opinion in part]

    def _scores(self, samples: Sequence[FeatureSample]) -> list[ExpertScores]:
        vectors = [self.encoder.encode(sample) for sample in samples]
        here = QuantizedVectors.from_vectors(np.array(vectors) - self.centre)
        cosines = self._matrix.times(here.entries).astype(np.float64)
        cosines /= self.places.lengths
        cosines /= here.lengths[:, None]
        scores = self.coefficients.scores(kernel_steps(cosines))
        nearest = cosines.max(axis=1, initial=0.0).tolist()
        return list(map(ExpertScores, scores, nearest))

    @cached_property
    def _matrix(self) -> Int8Matrix:
        return Int8Matrix(self.places.entries)
