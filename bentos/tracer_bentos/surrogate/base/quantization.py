"""Vectors of small whole numbers, whose products are exact in any order of summing.

A product of two entries is below 2^14, so up to 1,040 of them add up below 2^24 and
single precision holds every partial sum exactly: a matrix product gives the same bits
with every BLAS, on every processor and in every batch.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_DIMENSIONS", "QuantizedVectors"]

MAX_DIMENSIONS = 1_040
"""Longest vector whose products stay exact."""

_LEVELS = 127


@dataclass(frozen=True, slots=True)
class QuantizedVectors:
    """Directions of some vectors, to about 1 part in 127 of the largest entry."""

    entries: NDArray[np.int8]
    """Whole numbers from -127 to 127, one row a vector."""
    lengths: NDArray[np.float64]
    """Length of each row; 1 for one of zeros, which is orthogonal to everything."""

    @classmethod
    def from_vectors(cls, vectors: NDArray[np.float32]) -> Self:
        """Quantise vectors, one a row."""
        largest = np.abs(vectors).max(axis=1, keepdims=True, initial=0)
        largest[largest == 0] = 1
        steps = np.float32(_LEVELS) / largest
        return cls.from_entries(np.rint(vectors * steps).astype(np.int8))

    @classmethod
    def from_entries(cls, entries: NDArray[np.int8]) -> Self:
        """Take entries that are quantised already."""
        whole = np.ascontiguousarray(entries, np.int8)
        squares = np.einsum("ij,ij->i", whole, whole, dtype=np.int32)
        return cls(whole, np.sqrt(np.maximum(squares, 1)))

    def cosines(self, other: "QuantizedVectors") -> NDArray[np.float64]:
        """Give the cosine of each row here with each row there."""
        here, there = self.entries.astype(np.float32), other.entries.astype(np.float32)
        products = (here @ there.T).astype(np.float64)
        return products / self.lengths[:, None] / other.lengths

    def __len__(self) -> int:
        return len(self.entries)
