"""The input of one decision, as experts and encoders receive it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["FeatureSample"]


@dataclass(frozen=True, slots=True)
class FeatureSample:
    """One input of a surrogate."""

    text: str
    """The text, after the same redaction as the traces."""
    vector: NDArray[np.float32] | None = None
    """The embedding that came with the input, if any; shape (dimensions,)."""

    @classmethod
    def from_text(cls, text: str, vector: Sequence[float] | None = None) -> Self:
        """Return the sample of a text and of its embedding as plain numbers."""
        return cls(text, None if vector is None else np.array(vector, np.float32))
