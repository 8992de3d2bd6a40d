"""Which segments of a store count: those that no other stands for."""

from collections.abc import Iterator

from tracer_bentos.store import TraceStore
from tracer_core.contracts.layout import REPLACEMENTS, TRACES
from tracer_core.contracts.maintenance import Replacement

__all__ = ["live_segments", "replacements"]


def live_segments(store: TraceStore) -> list[str]:
    """Give the keys of the segments to read, sorted, each record in one of them.

    Raises:
        StoreError: The store did not answer.
    """
    # In this order: a replacement is written before its segment and outlives the old
    # ones, so none that matters for this listing can be missed.
    keys = store.list(TRACES)
    present = set(keys)
    replaced = {
        key
        for found in replacements(store)
        if found.output in present
        for key in found.inputs
    }
    return [key for key in keys if key not in replaced]


def replacements(store: TraceStore) -> Iterator[Replacement]:
    """Give every replacement, oldest first.

    Raises:
        StoreError: The store did not answer.
    """
    for key in store.list(REPLACEMENTS):
        try:
            yield Replacement.from_json(store.read(key))
        except FileNotFoundError:
            continue  # done with by another run in between
