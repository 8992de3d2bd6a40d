"""The live segments of a store: those that no other segment replaces."""

from collections.abc import Iterator

from tracer_bentos.store import TraceStore
from tracer_core.contracts.store.layout import REPLACEMENTS, TRACES
from tracer_core.contracts.store.maintenance import Replacement

__all__ = ["live_segments", "replacements"]


def live_segments(store: TraceStore) -> list[str]:
    """Return the keys of the segments to read, sorted.

    Each record is in one of them.

    Raises:
        StoreError: The store cannot be read.
    """
    # The order of the two listings matters: a replacement is written before its segment
    # and deleted after the old segments, so this listing cannot miss one that it needs.
    keys = store.list(TRACES)
    present = set(keys)
    replaced = {
        key
        for replacement in replacements(store)
        if replacement.output in present
        for key in replacement.inputs
    }
    return [key for key in keys if key not in replaced]


def replacements(store: TraceStore) -> Iterator[Replacement]:
    """Yield all replacements, oldest first.

    Raises:
        StoreError: The store cannot be read.
    """
    for key in store.list(REPLACEMENTS):
        try:
            yield Replacement.from_json(store.read(key))
        except FileNotFoundError:
            continue  # another maintenance run deleted it
