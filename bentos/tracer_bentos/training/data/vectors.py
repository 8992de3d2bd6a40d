"""Embeddings that lie beside a file, row by row, as numpy keeps them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tracer_core.errors import InputError

__all__ = ["PrecomputedVectors", "open_vectors"]

_ENTRIES = (np.float16, np.float32, np.float64)
_REMEDY = "write it by numpy.save, one row an input, float16 or float32"


class PrecomputedVectors:
    """The rows of one file; they stay on the disk until they are asked for."""

    def __init__(self, rows: NDArray[np.floating], source: str) -> None:
        self._rows = rows
        self.source = source
        """The file, for people."""

    @property
    def dimensions(self) -> int:
        """Give the length of each vector."""
        return int(self._rows.shape[1])

    def __len__(self) -> int:
        return len(self._rows)

    def row(self, number: int, where: str) -> NDArray[np.float32]:
        """Give the vector of a row, from 0.

        Args:
            number: Which row.
            where: The line that it belongs to, for people.

        Raises:
            InputError: There is no such row, or it holds what is no number.
        """
        if number >= len(self._rows):
            raise InputError(
                f"{where}: {self.source} has only {len(self)} rows: row i belongs to"
                " line i, empty lines of traces not counted; make it from the same file"
            )
        vector = self._rows[number].astype(np.float32)
        if not np.isfinite(vector).all():
            raise InputError(
                f"{where}: row {number + 1} of {self.source} holds what is no finite"
                " number: make it again"
            )
        return np.asarray(vector)

    def expect(self, rows: int, lines: str) -> None:
        """Check that there are no rows left over.

        Raises:
            InputError: There are more rows than lines, so some may be shifted.
        """
        if rows < len(self):
            raise InputError(
                f"{self.source} has {len(self)} rows for {rows} lines of {lines}: row i"
                " belongs to line i; make it from the same file"
            )


def open_vectors(path: Path) -> PrecomputedVectors:
    """Open a file of vectors.

    Raises:
        InputError: It holds no matrix of numbers.
    """
    try:
        rows = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}: {_REMEDY}") from error
    except (ValueError, EOFError) as error:
        raise InputError(f"{path}: no .npy file of numbers: {_REMEDY}") from error
    matrix = isinstance(rows, np.ndarray) and rows.ndim == 2 and rows.shape[1]  # noqa: PLR2004 - rows and columns
    if not matrix or rows.dtype.type not in _ENTRIES:
        raise InputError(f"{path}: no matrix of floating-point numbers: {_REMEDY}")
    return PrecomputedVectors(rows, str(path))
