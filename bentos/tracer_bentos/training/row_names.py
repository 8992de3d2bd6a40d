"""Names of rows that stay the same whatever file a row comes in.

A name is 64 bits of a hash of the text alone: a row that comes again with another time
or answer is not fresh.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.training.row import Row
from tracer_bentos.training.row_store import Rows
from tracer_bentos.training.rows import RowSet

__all__ = ["Names", "mark_seen", "names_of"]

Names = NDArray[np.uint64]
"""One name a row."""


def names_of(rows: Rows | Sequence[Row]) -> Names:
    """Give the name of every row, in their order."""
    if isinstance(rows, Rows):
        return rows.names
    joined = b"".join(row.name for row in rows)
    return np.frombuffer(joined, np.dtype("<u8")).astype(np.uint64)


def mark_seen(rows: RowSet, seen: Names) -> RowSet:
    """Give the rows with those marked whose name an earlier attempt has seen."""
    if not len(seen):
        return rows
    return replace(rows, seen=np.isin(names_of(rows.rows), seen))
