"""Erasure of sessions and requests, from all segments and from later uploads."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from tracer_bentos.maintenance.segment_replacement import (
    clear_replaced,
    read_lines,
    replace_segments,
)
from tracer_bentos.segments import live_segments
from tracer_bentos.store import TraceStore
from tracer_core.contracts.document import sha256_digest
from tracer_core.contracts.store.layout import ERASURES, TRACES, erasure_key
from tracer_core.contracts.store.maintenance import Erasure

__all__ = ["erase", "request_erasure"]

_NO_GRACE = timedelta(0)


@dataclass(frozen=True, slots=True)
class _Subjects:
    sessions: frozenset[str]
    ids: frozenset[str]

    def includes(self, line: bytes) -> bool:
        """Return whether a line is the record of a subject."""
        try:
            record = json.loads(line)
        except ValueError:
            return False  # not a trace, so of no subject
        if not isinstance(record, dict):
            return False
        return record.get("session") in self.sessions or record.get("id") in self.ids


def request_erasure(store: TraceStore, erasure: Erasure) -> None:
    """Store an erasure request; the next maintenance run applies it.

    Raises:
        StoreError: The store did not accept the request.
    """
    content = erasure.to_json()
    store.create(erasure_key(sha256_digest(content)), content)


def erase(store: TraceStore, now: datetime) -> int:
    """Erase the records of all erasure requests; return the number of records.

    Replaced segments are deleted immediately, without the usual grace period, because
    an erasure must not be delayed.

    Raises:
        StoreError: The store did not respond; completed replacements stay.
    """
    subjects = _subjects(store)
    if not subjects.sessions and not subjects.ids:
        return 0
    # Segments that are already replaced still contain the records.
    clear_replaced(store, set(store.list(TRACES)), now, _NO_GRACE)
    erased = sum(_rewrite(store, key, subjects, now) for key in live_segments(store))
    clear_replaced(store, set(store.list(TRACES)), now, _NO_GRACE)
    return erased


def _subjects(store: TraceStore) -> _Subjects:
    sessions: set[str] = set()
    ids: set[str] = set()
    for key in store.list(ERASURES):
        erasure = Erasure.from_json(store.read(key))
        sessions |= set(erasure.sessions)
        ids |= set(erasure.ids)
    return _Subjects(frozenset(sessions), frozenset(ids))


def _rewrite(store: TraceStore, key: str, subjects: _Subjects, now: datetime) -> int:
    lines = read_lines(store, key)
    if lines is None:
        return 0
    kept = [line for line in lines if not subjects.includes(line)]
    if len(kept) == len(lines):
        return 0
    if kept:
        replace_segments(store, [key], kept, now)
    else:
        store.delete(key)
    return len(lines) - len(kept)
