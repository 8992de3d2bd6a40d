"""Deletes traces that are older than they may become."""

from datetime import UTC, datetime, time, timedelta

from tracer_bentos.store import TraceStore
from tracer_core.contracts.layout import TRACES, segment_time

__all__ = ["expire"]

_REWRITTEN = "-rewritten-"


def expire(store: TraceStore, now: datetime, retention: timedelta) -> int:
    """Delete every segment with a record beyond the retention; give how many.

    The ledger of attempts stays: it holds no text, and the statistics rest on it.

    Raises:
        StoreError: The store did not answer; what was done stays done.
    """
    old = [key for key in store.list(TRACES) if now - _oldest(key) > retention]
    for key in old:
        store.delete(key)
    return len(old)


def _oldest(key: str) -> datetime:
    """Give the earliest that a record of a segment can have been sealed."""
    sealed = segment_time(key)
    if _REWRITTEN not in key:
        return sealed
    # A whole day in one: nothing of it may stay too long, so it goes with its first.
    return datetime.combine(sealed.date(), time(), UTC)
