"""One run of the upkeep, alone in its store."""

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
from tracer_core.contracts.layout import TRACES
from tracer_core.errors import RetryLater

__all__ = ["MaintenanceSummary", "run_maintenance"]

_log = logging.getLogger(__name__)

LEASE: Final = timedelta(hours=6)
_LOCK: Final = "maintenance.lock"


@dataclass(frozen=True, slots=True)
class MaintenanceSummary:
    """What a run has done."""

    expired: int
    """Segments deleted for their age."""
    forgotten: int
    """Records taken out as asked."""
    cleared: int
    """Old segments deleted that another stands for."""
    taken: int
    """Small segments put together."""
    made: int
    """What was made of them."""


def run_maintenance(
    store: TraceStore, now: datetime, retention: timedelta | None
) -> MaintenanceSummary:
    """Expire, forget, clear away and compact, in this order.

    Args:
        store: The router's part of it.
        now: The present, in UTC.
        retention: How old a trace may become; none to keep all.

    Raises:
        RetryLater: Another run is under way.
        StoreError: The store did not answer; the next run goes on.
    """
    _take_lock(store, now)
    try:
        expired = expire(store, now, retention) if retention else 0
        forgotten = erase(store, now)
        cleared = clear_replaced(store, set(store.list(TRACES)), now)
        taken, made = compact(store, now)
    finally:
        store.delete(_LOCK)
    return MaintenanceSummary(expired, forgotten, cleared, taken, made)


def _take_lock(store: TraceStore, now: datetime) -> None:
    """Keep others out: two runs that list differently would make two of one."""
    content = json.dumps({"until": (now + LEASE).isoformat()}).encode()
    if store.create(_LOCK, content):
        return
    until = datetime.fromisoformat(json.loads(store.read(_LOCK))["until"])
    if now < until:
        raise RetryLater(
            f"{store.url}: another upkeep is under way, or was broken off; this one may"
            f" take over after {until:%Y-%m-%d %H:%M} UTC, or delete {_LOCK}"
        )
    _log.warning("an upkeep was broken off; taking over")
    store.write(_LOCK, content)
