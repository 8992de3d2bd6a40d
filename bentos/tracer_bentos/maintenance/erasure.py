"""Forgets sessions and requests, in all segments and in those that come later."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from tracer_bentos.maintenance.segment_replacement import (
    clear_replaced,
    lines_of,
    replace_segments,
)
from tracer_bentos.segments import live_segments
from tracer_bentos.store import TraceStore
from tracer_core.contracts.document import sha256_digest
from tracer_core.contracts.layout import ERASURES, TRACES, erasure_key
from tracer_core.contracts.maintenance import Erasure

__all__ = ["erase", "request_erasure"]

_AT_ONCE = timedelta(0)


@dataclass(frozen=True, slots=True)
class _Subjects:
    sessions: frozenset[str]
    ids: frozenset[str]

    def named_in(self, line: bytes) -> bool:
        try:
            record = json.loads(line)
        except ValueError:
            return False  # no trace, so nobody's
        if not isinstance(record, dict):
            return False
        return record.get("session") in self.sessions or record.get("id") in self.ids


def request_erasure(store: TraceStore, erasure: Erasure) -> None:
    """Write a wish down; the next upkeep does it.

    Raises:
        StoreError: The store did not take it.
    """
    content = erasure.to_json()
    store.create(erasure_key(sha256_digest(content)), content)


def erase(store: TraceStore, now: datetime) -> int:
    """Take every named record out of the store and give how many there were.

    Old segments go at once and not after a grace: being forgotten cannot wait.

    Raises:
        StoreError: The store did not answer; what was done stays done.
    """
    subjects = _subjects(store)
    if not subjects.sessions and not subjects.ids:
        return 0
    # Segments that another stands for still hold the records.
    clear_replaced(store, set(store.list(TRACES)), now, _AT_ONCE)
    forgotten = sum(_rewrite(store, key, subjects, now) for key in live_segments(store))
    clear_replaced(store, set(store.list(TRACES)), now, _AT_ONCE)
    return forgotten


def _subjects(store: TraceStore) -> _Subjects:
    sessions: set[str] = set()
    ids: set[str] = set()
    for key in store.list(ERASURES):
        erasure = Erasure.from_json(store.read(key))
        sessions |= set(erasure.sessions)
        ids |= set(erasure.ids)
    return _Subjects(frozenset(sessions), frozenset(ids))


def _rewrite(store: TraceStore, key: str, subjects: _Subjects, now: datetime) -> int:
    lines = lines_of(store, key)
    if lines is None:
        return 0
    kept = [line for line in lines if not subjects.named_in(line)]
    if len(kept) == len(lines):
        return 0
    if kept:
        replace_segments(store, [key], kept, now)
    else:
        store.delete(key)
    return len(lines) - len(kept)
