"""Products of small whole numbers: exact, and so the same to the last bit anywhere.

Sums of products of bytes are kept in 32 bits and never rounded, whatever the processor,
the order of summing or the number of vectors. Bytes are also what keeps a surrogate
within a core's own cache: a quarter of what single precision takes.
"""

from typing import Final, Self

import numkong
import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

__all__ = ["Int8Matrix", "Int16Matrix"]

_CENTRE: Final = 128
"""A short number is 256 times its high byte, plus its low byte, plus this: both bytes
have a sign then."""
_HIGH: Final = 256


class Int8Matrix:
    """A matrix of whole numbers from -128 to 127, kept as its kernels want it."""

    def __init__(self, rows: NDArray[np.int8]) -> None:
        self.rows = np.ascontiguousarray(rows, np.int8)
        """As given."""
        self._packed = numkong.dots_pack(self.rows, dtype="int8")

    def times(self, vectors: NDArray[np.int8]) -> NDArray[np.int32]:
        """Multiply by vectors, one a row; gives a row for each, a column a row here.

        Exact for vectors of up to 131,071 numbers.
        """
        return np.asarray(numkong.dots_packed(vectors, self._packed))

    @override
    def __reduce__(self) -> tuple[type[Self], tuple[NDArray[np.int8]]]:
        # A packed matrix is of this processor; rows travel.
        return type(self), (self.rows,)


class Int16Matrix:
    """A matrix of whole numbers from -32,768 to 32,767.

    Args:
        rows: The matrix.
        taken: What has been taken from each number of the vectors that it multiplies,
            so that they are short as well; the products are those of the whole ones.
    """

    def __init__(self, rows: NDArray[np.int16], taken: int = 0) -> None:
        self.rows = np.ascontiguousarray(rows, np.int16)
        """As given."""
        self._digits = Int8Matrix(_digits(self.rows))
        numbers = self.rows.astype(np.float64)
        # What the digits' products do not know of, whatever the vector.
        of_digits = _CENTRE * (numbers - _CENTRE).sum(axis=1)
        self._taken, self._fixed = taken, of_digits + taken * numbers.sum(axis=1)

    def times(self, vectors: NDArray[np.int16]) -> NDArray[np.float64]:
        """Multiply by vectors, one a row; gives a row for each, a column a row here.

        Exact for vectors of up to 131,071 numbers.
        """
        height, width = len(vectors), len(self.rows)
        found = self._digits.times(_digits(vectors)).astype(np.float64)
        high, low = found[:height], found[height:]
        whole = high[:, :width] * _HIGH
        whole += high[:, width:]
        whole += low[:, :width]
        whole *= _HIGH
        whole += low[:, width:]
        whole += self._fixed
        whole += _CENTRE * np.add.reduce(vectors, 1, np.float64, keepdims=True)
        return np.asarray(whole)

    @override
    def __reduce__(self) -> tuple[type[Self], tuple[NDArray[np.int16], int]]:
        return type(self), (self.rows, self._taken)


def _digits(numbers: NDArray[np.int16]) -> NDArray[np.int8]:
    """Give the high bytes of some vectors, and below them their low bytes."""
    height, width = numbers.shape
    digits = np.empty((2 * height, width), np.int8)
    np.right_shift(numbers, 8, out=digits[:height], casting="unsafe")
    low = np.bitwise_and(numbers, _HIGH - 1)
    np.subtract(low, _CENTRE, out=digits[height:], casting="unsafe")
    return digits
