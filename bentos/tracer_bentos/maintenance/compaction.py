"""Puts the small segments of past days together: fewer objects, better compressed."""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Final

from tracer_bentos.maintenance.segment_replacement import lines_of, replace_segments
from tracer_bentos.segments import live_segments, replacements
from tracer_bentos.store import TraceStore
from tracer_core.contracts.layout import segment_time

__all__ = ["compact"]

BYTES: Final = 32 * 1024 * 1024
"""Size of a whole segment, before compression."""


def compact(store: TraceStore, now: datetime, whole: int = BYTES) -> tuple[int, int]:
    """Compact every day before today; give segments taken together and made of them.

    Raises:
        StoreError: The store did not answer; what was done stays done.
    """
    taken = made = 0
    for _, day in groupby(_small(store, now), key=_folder):
        for inputs, lines in _batches(store, day, whole):
            replace_segments(store, inputs, lines, now)
            taken, made = taken + len(inputs), made + 1
    return taken, made


def _small(store: TraceStore, now: datetime) -> Iterator[str]:
    # What stands for others that are still there is left alone until they are gone:
    # else they would count again when it goes.
    fresh = {found.output for found in replacements(store)}
    for key in live_segments(store):
        if key not in fresh and segment_time(key).date() < now.date():
            yield key


def _folder(key: str) -> str:
    return key.rpartition("/")[0]


def _batches(
    store: TraceStore, keys: Iterator[str], whole: int
) -> Iterator[tuple[list[str], list[bytes]]]:
    """Give segments to be put together; one that is large enough stays as it is."""
    inputs: list[str] = []
    lines: list[bytes] = []
    size = 0
    for key in keys:
        found = lines_of(store, key)
        if found is None or sum(map(len, found)) >= whole // 2:
            continue
        inputs.append(key)
        lines += found
        size += sum(map(len, found))
        if size >= whole:
            yield inputs, lines
            inputs, lines, size = [], [], 0
    if len(inputs) > 1:
        yield inputs, lines
