"""Atomic replacement of segments by one segment."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import zstandard

from tracer_bentos.segments import replacements
from tracer_bentos.store import TraceStore
from tracer_core.contracts.document import sha256_digest
from tracer_core.contracts.store.layout import replacement_key, rewritten_key
from tracer_core.contracts.store.maintenance import Replacement

__all__ = ["GRACE", "clear_replaced", "decode_lines", "read_lines", "replace_segments"]

GRACE: Final = timedelta(days=1)
"""Time that replaced segments stay, for readers that listed them before."""


def read_lines(store: TraceStore, key: str) -> list[bytes] | None:
    """Return the lines of a segment; none if it is missing or incomplete.

    Raises:
        StoreError: The store did not respond.
    """
    try:
        return decode_lines(store.read(key))
    except (FileNotFoundError, zstandard.ZstdError):
        return None


def decode_lines(content: bytes) -> list[bytes]:
    """Return the lines of the compressed content of a segment.

    Raises:
        ZstdError: The content is incomplete or damaged.
    """
    reader = zstandard.ZstdDecompressor().stream_reader(
        content, read_across_frames=True
    )
    return bytes(reader.readall()).splitlines(keepends=True)


def replace_segments(
    store: TraceStore, inputs: Sequence[str], lines: Sequence[bytes], now: datetime
) -> str:
    """Write a segment that replaces others from then on, and return its key.

    The same inputs and lines give the same key, so a run that continues after an
    interruption, or runs at the same time, repeats the same replacement.

    Args:
        store: The part of the store of the router.
        inputs: Keys of the segments to replace.
        lines: Lines of the new segment.
        now: The current time, in UTC.

    Raises:
        StoreError: The store did not accept the segment.
    """
    content = zstandard.compress(b"".join(lines))
    digest = sha256_digest(
        "\n".join([*inputs, sha256_digest(b"".join(lines))]).encode()
    )
    output = rewritten_key(max(inputs), digest.removeprefix("sha256:"))
    replacement = Replacement(output=output, inputs=tuple(inputs), made=now)
    store.create(replacement_key(output), replacement.to_json())
    store.create(output, content)
    return output


def clear_replaced(
    store: TraceStore, present: set[str], now: datetime, grace: timedelta = GRACE
) -> int:
    """Delete segments that were replaced before the grace period; return their number.

    The record of a replacement is deleted one grace period after its segments, because
    a reader can have listed the segments just before they were deleted.

    Args:
        store: The part of the store of the router.
        present: Keys of the segments in the store.
        now: The current time, in UTC.
        grace: The grace period.

    Raises:
        StoreError: The store did not respond.
    """
    return sum(
        _clear(store, replacement, present, now - replacement.made, grace)
        for replacement in replacements(store)
    )


def _clear(
    store: TraceStore,
    replacement: Replacement,
    present: set[str],
    age: timedelta,
    grace: timedelta,
) -> int:
    inputs = [key for key in replacement.inputs if key in present]
    if inputs and replacement.output in present and age >= grace:
        for key in inputs:
            store.delete(key)
        return len(inputs)
    if not inputs and age >= 2 * max(grace, GRACE):
        store.delete(replacement_key(replacement.output))
    return 0
