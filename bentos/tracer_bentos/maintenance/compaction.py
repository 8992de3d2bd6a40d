"""Compaction of the small segments of past days: fewer objects, better compression."""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Final

from tracer_bentos.maintenance.segment_replacement import read_lines, replace_segments
from tracer_bentos.segments import live_segments, replacements
from tracer_bentos.store import TraceStore
from tracer_core.contracts.store.layout import segment_time

__all__ = ["compact"]

SEGMENT_BYTES: Final = 32 * 1024 * 1024
"""Size of a full segment, before compression."""


def compact(
    store: TraceStore, now: datetime, segment_bytes: int = SEGMENT_BYTES
) -> tuple[int, int]:
    """Compact each day before today; return the numbers of segments read and written.

    Args:
        store: The part of the store of the router.
        now: The current time, in UTC.
        segment_bytes: Size of a full segment, before compression.

    Raises:
        StoreError: The store did not respond; completed replacements stay.
    """
    compacted = written = 0
    for _, day in groupby(_candidates(store, now), key=_folder):
        for inputs, lines in _batches(store, day, segment_bytes):
            replace_segments(store, inputs, lines, now)
            compacted, written = compacted + len(inputs), written + 1
    return compacted, written


def _candidates(store: TraceStore, now: datetime) -> Iterator[str]:
    # A replacement is not replaced itself until its inputs are deleted. Otherwise the
    # inputs would become live again once it is deleted.
    outputs = {replacement.output for replacement in replacements(store)}
    for key in live_segments(store):
        if key not in outputs and segment_time(key).date() < now.date():
            yield key


def _folder(key: str) -> str:
    return key.rpartition("/")[0]


def _batches(
    store: TraceStore, keys: Iterator[str], segment_bytes: int
) -> Iterator[tuple[list[str], list[bytes]]]:
    """Yield the keys and lines of segments to merge; a large segment is not merged."""
    inputs: list[str] = []
    lines: list[bytes] = []
    size = 0
    for key in keys:
        segment = read_lines(store, key)
        if segment is None or sum(map(len, segment)) >= segment_bytes // 2:
            continue
        inputs.append(key)
        lines += segment
        size += sum(map(len, segment))
        if size >= segment_bytes:
            yield inputs, lines
            inputs, lines, size = [], [], 0
    if len(inputs) > 1:
        yield inputs, lines
