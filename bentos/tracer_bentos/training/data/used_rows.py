"""The list of rows that earlier attempts had looked at, as a bundle keeps it.

One bit a row in the order of the row set, so it says nothing about any text.
"""

import zlib

import numpy as np
from numpy.typing import NDArray

from tracer_core.errors import DocumentError

__all__ = ["decode_used_rows", "encode_used_rows"]


def encode_used_rows(seen: NDArray[np.bool_] | None) -> bytes | None:
    """Give the list; none where no row was seen."""
    if seen is None or not seen.any():
        return None
    return zlib.compress(np.packbits(seen).tobytes(), 9)


def decode_used_rows(content: bytes, count: int) -> NDArray[np.bool_]:
    """Read the list of a row set of so many rows.

    Raises:
        DocumentError: It is about another number of rows.
    """
    try:
        packed = np.frombuffer(zlib.decompress(content), np.uint8)
    except zlib.error as error:
        raise DocumentError(f"the list of rows seen cannot be read: {error}") from error
    if len(packed) != -(-count // 8):
        raise DocumentError(f"the list of rows seen is not about {count} rows")
    return np.unpackbits(packed, count=count).astype(bool)
