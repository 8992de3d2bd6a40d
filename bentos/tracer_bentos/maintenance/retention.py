"""Retention: deletion of traces beyond their maximum age."""

from datetime import UTC, datetime, time, timedelta

from tracer_bentos.store import TraceStore
from tracer_core.contracts.store.layout import TRACES, segment_time

__all__ = ["expire"]

_REWRITTEN = "-rewritten-"


def expire(store: TraceStore, now: datetime, retention: timedelta) -> int:
    """Delete each segment with a record beyond the retention; return their number.

    The ledger of attempts stays: it contains no text, and the error budget of
    certificates depends on it.

    Raises:
        StoreError: The store did not respond; deleted segments stay deleted.
    """
    old = [key for key in store.list(TRACES) if now - _oldest(key) > retention]
    for key in old:
        store.delete(key)
    return len(old)


def _oldest(key: str) -> datetime:
    """Return the earliest time at which a record of a segment can be sealed."""
    sealed = segment_time(key)
    if _REWRITTEN not in key:
        return sealed
    # A compacted segment contains a whole day, so its first record decides.
    return datetime.combine(sealed.date(), time(), UTC)
