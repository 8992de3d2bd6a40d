"""What experts are asked and what they say."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["Expert", "ExpertScores", "FeatureSample"]


@dataclass(frozen=True, slots=True)
class FeatureSample:
    """One input to decide about."""

    text: str
    """The text, redacted as the traces were."""
    vector: NDArray[np.float32] | None = None
    """Its embedding, where embeddings come with the inputs."""

    @classmethod
    def from_text(cls, text: str, vector: Sequence[float] | None = None) -> Self:
        """Take a text and its embedding as plain numbers."""
        return cls(text, None if vector is None else np.array(vector, np.float32))


class ExpertScores(NamedTuple):
    """What one expert says about one input."""

    scores: NDArray[np.float64]
    """By label; about 1 for a sure label, about 0 for others."""
    similarity: float
    """How much the input is like what the expert learnt from, from 0 to 1."""


class Expert(Protocol):
    """One view of the input: words, a static embedding, a sentence embedding."""

    def score_batch(self, samples: Sequence[FeatureSample]) -> Sequence[ExpertScores]:
        """Give the expert's opinion of each input, exactly as if it came alone."""
