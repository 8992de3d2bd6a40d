"""The list of rows that earlier attempts have used, as a bundle stores it.

The list has one bit for each row in the order of the row set, so it discloses no text.
"""

import zlib

import numpy as np
from numpy.typing import NDArray

from tracer_core.errors import DocumentError

__all__ = ["decode_used_rows", "encode_used_rows"]


def encode_used_rows(used: NDArray[np.bool_] | None) -> bytes | None:
    """Return the encoded list; none if no row is used."""
    if used is None or not used.any():
        return None
    return zlib.compress(np.packbits(used).tobytes(), 9)


def decode_used_rows(content: bytes, count: int) -> NDArray[np.bool_]:
    """Return which of `count` rows are used, shape (count,).

    Raises:
        DocumentError: The list cannot be read, or has another number of rows.
    """
    try:
        packed = np.frombuffer(zlib.decompress(content), np.uint8)
    except zlib.error as error:
        raise DocumentError(f"the list of used rows cannot be read: {error}") from error
    if len(packed) != -(-count // 8):
        raise DocumentError(f"the list of used rows is not for {count} rows")
    return np.unpackbits(packed, count=count).astype(bool)
