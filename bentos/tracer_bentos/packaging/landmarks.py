"""An expert on meaning: how near a text's embedding is to landmarks of the training.

The kernel is ``((1 + cosine) / 2) ** 4``, near ``exp(2 (cosine - 1))`` but made of
multiplications only. Embeddings, kernel values and coefficients are whole numbers times
a scale, so both matrix products are exact and an opinion is the same to the last bit on
every processor, alone or in a batch.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.packaging.encoder import Encoder
from tracer_bentos.packaging.opinion import Opinion, Sample
from tracer_bentos.packaging.quantised import Quantised

__all__ = ["Coefficients", "Landmarks", "kernel_steps"]

KERNEL_STEPS = 32_768
"""Kernel values are multiples of one part in this many."""

_COEFFICIENT_STEPS = 32_767


def kernel_steps(cosines: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give kernel values as whole numbers of steps, from 0 to 32,768."""
    halves = (cosines + 1) / 2
    squares = halves * halves
    return np.rint(squares * squares * KERNEL_STEPS)


@dataclass(frozen=True, slots=True)
class Coefficients:
    """One weight a landmark and label, as whole numbers times a scale of the label."""

    steps: NDArray[np.float64]
    """Whole numbers from -32,767 to 32,767, one row a label."""
    scales: NDArray[np.float64]
    """What one step of a label is worth, the kernel's own step included."""

    @classmethod
    def of(cls, weights: NDArray[np.float64]) -> Self:
        """Quantise weights, one row a landmark and one column a label."""
        largest = np.abs(weights).max(axis=0, initial=0)
        scales = np.where(largest > 0, largest, 1) / _COEFFICIENT_STEPS
        return cls(np.rint(weights / scales).T.copy(), scales / KERNEL_STEPS)

    def scores(self, kernel: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the score of each label from kernel values in steps."""
        return np.asarray(self.steps @ kernel) * self.scales


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Kernel ridge regression on embeddings."""

    encoder: Encoder
    """Gives the embedding of an input."""
    centre: NDArray[np.float32]
    """Mean embedding of the training rows; what all share tells nothing apart."""
    places: Quantised
    """The landmarks' embeddings, centred."""
    coefficients: Coefficients
    """Their weights by label."""

    def opine(self, sample: Sample) -> Opinion:
        """Give the score of each label and the cosine with the nearest landmark."""
        return self.opine_vector(self.encoder.encode(sample))

    def opine_vector(self, vector: NDArray[np.float32]) -> Opinion:
        """Give the same of an input whose embedding is at hand."""
        here = Quantised.of((vector - self.centre)[None, :])
        products = (self.places.entries @ here.entries[0]).astype(np.float64)
        cosines = products / self.places.lengths / here.lengths[0]
        scores = self.coefficients.scores(kernel_steps(cosines))
        return Opinion(scores, max(float(cosines.max()), 0.0))
