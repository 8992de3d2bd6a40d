"""Embeddings in a NumPy file, one row for each line of the traces."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tracer_core.errors import InputError

__all__ = ["PrecomputedVectors", "open_vectors"]

_DTYPES = (np.float16, np.float32, np.float64)
_REMEDY = "write it with numpy.save, one float16 or float32 row for each input"


class PrecomputedVectors:
    """The rows of one file, read from the disk on access."""

    def __init__(self, rows: NDArray[np.floating], source: str) -> None:
        self._rows = rows
        self.source = source
        """Path of the file."""

    @property
    def dimensions(self) -> int:
        """Length of each vector."""
        return int(self._rows.shape[1])

    def __len__(self) -> int:
        return len(self._rows)

    def row(self, number: int, where: str) -> NDArray[np.float32]:
        """Return one vector, shape (dimensions,).

        Args:
            number: Number of the row, from 0.
            where: File and line of the trace, for messages.

        Raises:
            InputError: The row does not exist, or contains NaN or infinity.
        """
        if number >= len(self._rows):
            raise InputError(
                f"{where}: {self.source} has only {len(self)} rows; row i must be the"
                " vector of line i, empty lines not counted; regenerate the file"
            )
        vector = self._rows[number].astype(np.float32)
        if not np.isfinite(vector).all():
            raise InputError(
                f"{where}: row {number + 1} of {self.source} contains NaN or infinity;"
                " regenerate the file"
            )
        return np.asarray(vector)

    def require_row_count(self, rows: int, lines: str) -> None:
        """Raise an error if the file has more rows than the traces have lines.

        Raises:
            InputError: The file has more rows, so rows can be shifted.
        """
        if rows < len(self):
            raise InputError(
                f"{self.source} has {len(self)} rows for {rows} lines of {lines}; row i"
                " must be the vector of line i; regenerate the file"
            )


def open_vectors(path: Path) -> PrecomputedVectors:
    """Open a file of vectors.

    Raises:
        InputError: The file does not contain a matrix of numbers.
    """
    try:
        rows = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; {_REMEDY}") from error
    except (ValueError, EOFError) as error:
        raise InputError(f"{path}: not a .npy file of numbers; {_REMEDY}") from error
    matrix = isinstance(rows, np.ndarray) and rows.ndim == 2 and rows.shape[1]  # noqa: PLR2004 - rows and columns
    if not matrix or rows.dtype.type not in _DTYPES:
        raise InputError(f"{path}: not a matrix of floating-point numbers; {_REMEDY}")
    return PrecomputedVectors(rows, str(path))
