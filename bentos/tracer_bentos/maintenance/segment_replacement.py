"""Puts one segment in the place of others, in a single step that counts."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import zstandard

from tracer_bentos.segments import replacements
from tracer_bentos.store import TraceStore
from tracer_core.contracts.document import sha256_digest
from tracer_core.contracts.layout import replacement_key, rewritten_key
from tracer_core.contracts.maintenance import Replacement

__all__ = ["GRACE", "clear_replaced", "lines_of", "replace_segments", "whole_lines"]

GRACE: Final = timedelta(days=1)
"""How long replaced segments stay for whoever has listed them before."""


def lines_of(store: TraceStore, key: str) -> list[bytes] | None:
    """Give the lines of a segment; none when it cannot be read whole.

    Raises:
        StoreError: The store did not answer.
    """
    try:
        return whole_lines(store.read(key))
    except (FileNotFoundError, zstandard.ZstdError):
        return None


def whole_lines(content: bytes) -> list[bytes]:
    """Give the lines of a segment's content.

    Raises:
        ZstdError: It is torn.
    """
    reader = zstandard.ZstdDecompressor().stream_reader(
        content, read_across_frames=True
    )
    return bytes(reader.readall()).splitlines(keepends=True)


def replace_segments(
    store: TraceStore, inputs: Sequence[str], lines: Sequence[bytes], now: datetime
) -> str:
    """Write one segment that stands for others from then on, and give its key.

    The same inputs and lines give the same key, so that a run that was broken off, or
    another at the same time, does the same once more and not another thing.

    Raises:
        StoreError: The store did not take it.
    """
    content = zstandard.compress(b"".join(lines))
    digest = sha256_digest(
        "\n".join([*inputs, sha256_digest(b"".join(lines))]).encode()
    )
    output = rewritten_key(max(inputs), digest.removeprefix("sha256:"))
    said = Replacement(output=output, inputs=tuple(inputs), made=now)
    store.create(replacement_key(output), said.to_json())
    store.create(output, content)
    return output


def clear_replaced(
    store: TraceStore, present: set[str], now: datetime, grace: timedelta = GRACE
) -> int:
    """Delete segments whose replacement is in place for long enough.

    A replacement is forgotten a grace later than its segments, since a reader may have
    listed them just before they went.

    Raises:
        StoreError: The store did not answer.
    """
    return sum(
        _clear(store, found, present, now - found.made, grace)
        for found in replacements(store)
    )


def _clear(
    store: TraceStore,
    found: Replacement,
    present: set[str],
    age: timedelta,
    grace: timedelta,
) -> int:
    left = [key for key in found.inputs if key in present]
    if left and found.output in present and age >= grace:
        _each(store.delete, left)
        return len(left)
    if not left and age >= 2 * max(grace, GRACE):
        store.delete(replacement_key(found.output))
    return 0


def _each(do: Callable[[str], None], keys: Sequence[str]) -> None:
    for key in keys:
        do(key)
