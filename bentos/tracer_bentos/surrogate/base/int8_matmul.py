"""Exact products of matrices of 8-bit and 16-bit integers.

Sums of products of bytes are 32-bit integers and are never rounded, so the result does
not depend on the processor, the order of summation, or the number of vectors. Bytes
also take a quarter of the memory of single precision, so that a surrogate fits into the
cache of one core.
"""

from typing import Final, Self

import numkong
import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

__all__ = ["Int8Matrix", "Int16Matrix"]

_LOW_OFFSET: Final = 128
"""A 16-bit integer is 256 times its high byte, plus its low byte, plus this offset, so
that both bytes are signed."""
_HIGH: Final = 256
"""Weight of the high byte."""


class Int8Matrix:
    """A matrix of integers from -128 to 127, packed for the instructions of the CPU."""

    def __init__(self, rows: NDArray[np.int8]) -> None:
        self.rows = np.ascontiguousarray(rows, np.int8)
        """The matrix."""
        self._packed = numkong.dots_pack(self.rows, dtype="int8")

    def multiply(self, vectors: NDArray[np.int8]) -> NDArray[np.int32]:
        """Return the product of each vector with each row of the matrix.

        The products are exact for vectors of up to 131,071 numbers.

        Args:
            vectors: Vectors, shape (vectors, dimensions).

        Returns:
            Products, shape (vectors, rows).
        """
        return np.asarray(numkong.dots_packed(vectors, self._packed))

    @override
    def __reduce__(self) -> tuple[type[Self], tuple[NDArray[np.int8]]]:
        # A packed matrix is valid on this processor only, so the rows are pickled.
        return type(self), (self.rows,)


class Int16Matrix:
    """A matrix of integers from -32,768 to 32,767.

    Args:
        rows: The matrix, shape (rows, dimensions).
        offset: A number that was subtracted from each number of the vectors, so that
            they fit into 16 bits; the products are those of the original vectors.
    """

    def __init__(self, rows: NDArray[np.int16], offset: int = 0) -> None:
        self.rows = np.ascontiguousarray(rows, np.int16)
        """The matrix."""
        self._digits = Int8Matrix(_digits(self.rows))
        numbers = self.rows.astype(np.float64)
        # The part of a product that is the same for all vectors: the offsets of the
        # low bytes and the offset of the vectors.
        low_offsets = _LOW_OFFSET * (numbers - _LOW_OFFSET).sum(axis=1)
        self._offset = offset
        self._constant = low_offsets + offset * numbers.sum(axis=1)

    def multiply(self, vectors: NDArray[np.int16]) -> NDArray[np.float64]:
        """Return the product of each vector with each row of the matrix.

        The products are exact for vectors of up to 131,071 numbers.

        Args:
            vectors: Vectors, shape (vectors, dimensions).

        Returns:
            Products, shape (vectors, rows).
        """
        height, width = len(vectors), len(self.rows)
        products = self._digits.multiply(_digits(vectors)).astype(np.float64)
        high, low = products[:height], products[height:]
        total = high[:, :width] * _HIGH
        total += high[:, width:]
        total += low[:, :width]
        total *= _HIGH
        total += low[:, width:]
        total += self._constant
        total += _LOW_OFFSET * np.add.reduce(vectors, 1, np.float64, keepdims=True)
        return np.asarray(total)

    @override
    def __reduce__(self) -> tuple[type[Self], tuple[NDArray[np.int16], int]]:
        return type(self), (self.rows, self._offset)


def _digits(numbers: NDArray[np.int16]) -> NDArray[np.int8]:
    """Return the high bytes of vectors and, below them, their low bytes."""
    height, width = numbers.shape
    digits = np.empty((2 * height, width), np.int8)
    np.right_shift(numbers, 8, out=digits[:height], casting="unsafe")
    low = np.bitwise_and(numbers, _HIGH - 1)
    np.subtract(low, _LOW_OFFSET, out=digits[height:], casting="unsafe")
    return digits
