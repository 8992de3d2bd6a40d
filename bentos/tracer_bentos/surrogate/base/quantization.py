"""Vectors quantized to 8 bits, whose products are exact in any order of summation.

A product of two entries is below 2^14, so the sum of up to 1,040 of them is below 2^24
and single precision represents every partial sum exactly: a matrix product has the same
bits with every BLAS, on every processor, and in every batch.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_DIMENSIONS", "QuantizedVectors"]

MAX_DIMENSIONS = 1_040
"""Length of the longest vector whose products are exact."""

_LEVELS = 127
"""Absolute value of the largest entry."""


@dataclass(frozen=True, slots=True)
class QuantizedVectors:
    """Directions of vectors, to about 1 part in 127 of the largest entry."""

    entries: NDArray[np.int8]
    """Integers from -127 to 127, shape (vectors, dimensions)."""
    lengths: NDArray[np.float64]
    """Length of each row; 1 for a row of zeros, whose cosine with any row is 0."""

    @classmethod
    def from_vectors(cls, vectors: NDArray[np.float32]) -> Self:
        """Return quantized vectors.

        Args:
            vectors: Vectors, shape (vectors, dimensions).
        """
        largest = np.abs(vectors).max(axis=1, keepdims=True, initial=0)
        largest[largest == 0] = 1
        steps = np.float32(_LEVELS) / largest
        return cls.from_entries(np.rint(vectors * steps).astype(np.int8))

    @classmethod
    def from_entries(cls, entries: NDArray[np.int8]) -> Self:
        """Return the vectors of entries that are already quantized."""
        rows = np.ascontiguousarray(entries, np.int8)
        squares = np.einsum("ij,ij->i", rows, rows, dtype=np.int32)
        return cls(rows, np.sqrt(np.maximum(squares, 1)))

    def cosines(self, other: "QuantizedVectors") -> NDArray[np.float64]:
        """Return the cosine of each row with each row of other vectors.

        Returns:
            Cosines, shape (rows, rows of the other vectors).
        """
        left, right = self.entries.astype(np.float32), other.entries.astype(np.float32)
        products = (left @ right.T).astype(np.float64)
        return products / self.lengths[:, None] / other.lengths

    def __len__(self) -> int:
        return len(self.entries)
