"""One maintenance run, with an exclusive lock on its part of the store."""

import json
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tracer_bentos.maintenance.compaction import compact
from tracer_bentos.maintenance.erasure import erase
from tracer_bentos.maintenance.retention import expire
from tracer_bentos.maintenance.segment_replacement import clear_replaced
from tracer_bentos.store import TraceStore
from tracer_core.contracts.store.layout import TRACES
from tracer_core.errors import RetryLater

__all__ = ["MaintenanceSummary", "run_maintenance"]

_log = logging.getLogger(__name__)

LEASE: Final = timedelta(hours=6)
"""Time after which another run may take over the lock."""
_LOCK: Final = "maintenance.lock"


@dataclass(frozen=True, slots=True)
class MaintenanceSummary:
    """The result of a run."""

    expired: int
    """Segments deleted because of the retention."""
    erased: int
    """Records removed because of erasure requests."""
    cleared: int
    """Replaced segments deleted."""
    compacted: int
    """Small segments that were merged."""
    written: int
    """Segments that they were merged into."""


def run_maintenance(
    store: TraceStore, now: datetime, retention: timedelta | None
) -> MaintenanceSummary:
    """Apply retention, apply erasures, delete replaced segments, and compact.

    Args:
        store: The part of the store of the router.
        now: The current time, in UTC.
        retention: Maximum age of a trace; none to keep all traces.

    Raises:
        RetryLater: Another run is in progress.
        StoreError: The store did not respond; the next run continues.
    """
    _acquire_lock(store, now)
    try:
        expired = expire(store, now, retention) if retention else 0
        erased = erase(store, now)
        cleared = clear_replaced(store, set(store.list(TRACES)), now)
        compacted, written = compact(store, now)
    finally:
        store.delete(_LOCK)
    return MaintenanceSummary(expired, erased, cleared, compacted, written)


def _acquire_lock(store: TraceStore, now: datetime) -> None:
    """Acquire the lock: two runs with different listings would duplicate records.

    Raises:
        RetryLater: Another run has the lock.
    """
    content = json.dumps({"until": (now + LEASE).isoformat()}).encode()
    if store.create(_LOCK, content):
        return
    until = datetime.fromisoformat(json.loads(store.read(_LOCK))["until"])
    if now < until:
        raise RetryLater(
            f"{store.url}: another maintenance run is in progress or was interrupted; a"
            f" run can take over after {until:%Y-%m-%d %H:%M} UTC, or delete {_LOCK}"
        )
    _log.warning("previous maintenance run did not finish; taking over its lock")
    store.write(_LOCK, content)
