"""The interface of experts: the scores that one view of an input gives to labels."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.surrogate.base.encoder import Encoder
from tracer_bentos.surrogate.base.sample import FeatureSample

__all__ = ["Expert", "ExpertScores"]


class ExpertScores(NamedTuple):
    """The result of one expert for one input."""

    scores: NDArray[np.float64]
    """Score by label, shape (labels,); about 1 for a certain label, about 0 for the
    others."""
    similarity: float
    """Similarity of the input to the training data of the expert, from 0 to 1."""


class Expert(Protocol):
    """One view of the input: words, a static embedding, or a sentence embedding."""

    @property
    def encoder(self) -> Encoder | None:
        """Encoder whose embeddings the expert uses; none if it uses the text itself."""

    def score_batch(self, samples: Sequence[FeatureSample]) -> Sequence[ExpertScores]:
        """Return the scores of each input, bit for bit as if it were the only one."""
