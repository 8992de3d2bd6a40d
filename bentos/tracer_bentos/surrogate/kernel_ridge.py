"""An expert on meaning: kernel ridge regression on the embedding of a text.

The landmarks are embeddings of training rows. The kernel is
``((1 + cosine) / 2) ** 4``, which is close to ``exp(2 (cosine - 1))`` but needs only
multiplications. Embeddings, kernel values, and coefficients are integers times a scale,
so both matrix products are exact: every processor computes the same bits for an input,
alone or in a batch.
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
"""Number of steps between the kernel values 0 and 1; all values are multiples."""

_HALF_STEPS: Final = KERNEL_STEPS // 2
_COEFFICIENT_STEPS: Final = 32_767
_MAX_BATCH: Final = 256
"""Inputs scored in one matrix product; their kernel values take a few MiB."""


def kernel_steps(cosines: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return kernel values as integer numbers of steps, from 0 to 32,768."""
    steps = cosines + 1
    steps *= steps
    steps *= steps
    steps *= KERNEL_STEPS / 2**4  # a power of two, so this is exact
    return np.rint(steps, out=steps)


@dataclass(frozen=True)
class Coefficients:
    """A weight per landmark and label, as integers times a scale of the label."""

    steps: NDArray[np.int16]
    """Integers from -32,767 to 32,767, shape (labels, landmarks)."""
    scales: NDArray[np.float64]
    """Value of one step of each label times the step of the kernel, shape (labels,)."""

    @classmethod
    def from_matrix(cls, weights: NDArray[np.float64]) -> Self:
        """Return quantized weights.

        Args:
            weights: Weights, shape (landmarks, labels).
        """
        largest = np.abs(weights).max(axis=0, initial=0)
        scales = np.where(largest > 0, largest, 1) / _COEFFICIENT_STEPS
        steps = np.rint(weights / scales).T.astype(np.int16)
        return cls(steps, scales / KERNEL_STEPS)

    def scores(self, kernel: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the scores of inputs, shape (inputs, labels).

        Args:
            kernel: Kernel values in steps, shape (inputs, landmarks).
        """
        # Relative to the middle, so that a kernel value of 1 fits into 16 bits, too.
        centered = (kernel - _HALF_STEPS).astype(np.int16)
        scores = self._matrix.multiply(centered)
        scores *= self.scales
        return scores

    @cached_property
    def _matrix(self) -> Int16Matrix:
        return Int16Matrix(self.steps, _HALF_STEPS)


@dataclass(frozen=True)
class KernelRidge:
    """Kernel ridge regression on embeddings."""

    encoder: Encoder
    """Computes the embedding of an input."""
    mean: NDArray[np.float32]
    """Mean embedding of the training rows. It is subtracted from embeddings, because
    what all texts share does not separate labels."""
    landmarks: QuantizedVectors
    """The centered embeddings of the landmarks."""
    coefficients: Coefficients
    """The weights of the landmarks by label."""

    def score_batch(self, samples: Sequence[FeatureSample]) -> Sequence[ExpertScores]:
        """Return the scores of each input and its cosine to the nearest landmark."""
        if len(samples) <= _MAX_BATCH:
            return self._scores(samples)
        starts = range(0, len(samples), _MAX_BATCH)
        batches = (self._scores(samples[i : i + _MAX_BATCH]) for i in starts)
        return [scores for batch in batches for scores in batch]

    def _scores(self, samples: Sequence[FeatureSample]) -> list[ExpertScores]:
        vectors = [self.encoder.encode(sample) for sample in samples]
        centered = QuantizedVectors.from_vectors(np.array(vectors) - self.mean)
        cosines = self._matrix.multiply(centered.entries).astype(np.float64)
        cosines /= self.landmarks.lengths
        cosines /= centered.lengths[:, None]
        scores = self.coefficients.scores(kernel_steps(cosines))
        nearest = cosines.max(axis=1, initial=0.0).tolist()
        return list(map(ExpertScores, scores, nearest))

    @cached_property
    def _matrix(self) -> Int8Matrix:
        return Int8Matrix(self.landmarks.entries)
