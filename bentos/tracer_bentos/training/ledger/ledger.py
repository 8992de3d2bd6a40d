"""The append-only ledger of attempts in the store: numbers, levels, rows seen.

An attempt is found again by the digest of its request, so that a retry of a Job spends
nothing twice and a router made again under the same prefix goes on where it was.
"""

import json
from datetime import datetime

from tracer_bentos.segments import live_segments
from tracer_bentos.store import TraceStore
from tracer_core.contracts.document import Document
from tracer_core.contracts.layout import attempt_key, segment_time
from tracer_core.contracts.training import AttemptRequest, AttemptResult
from tracer_core.stats.certificate.ledger import (
    LedgerEntry,
    attempt_level,
    recycled_level,
)

__all__ = [
    "LedgerPosition",
    "find_result",
    "fixed_segments",
    "open_attempt",
    "read_result",
]

_REQUEST, _STANDING = "request.json", "standing.json"
_ROWS, _RESULT = "rows.json", "result.json"


class LedgerPosition(Document):
    """Where an attempt stands in the ledger, the same at every retry."""

    number: int
    """Its number; all attempts under one prefix share the error budget."""
    level: float
    """Its error level."""
    budget: float
    """Error probability of all attempts up to it together: the largest asked for."""
    after: datetime | None = None
    """Newest row that an earlier attempt may have looked at."""


def open_attempt(store: TraceStore, request: AttemptRequest) -> LedgerPosition:
    """Give the place of a request in the ledger, entering it if it is new.

    Raises:
        StoreError: The store did not answer.
    """
    numbers = _numbers(store)
    for number in numbers:
        if _request(store, number).digest == request.digest:
            return _ledger_position(store, request, number)
    number = max(numbers, default=0) + 1
    while not store.create(attempt_key(number, _REQUEST), request.to_json()):
        number += 1  # another Job entered the ledger in between
    return _ledger_position(store, request, number)


def find_result(store: TraceStore, request: AttemptRequest) -> AttemptResult | None:
    """Give the result of a request that has ended, entering nothing.

    Raises:
        StoreError: The store did not answer.
    """
    for number in _numbers(store):
        if _request(store, number).digest == request.digest:
            return read_result(store, number)
    return None


def read_result(store: TraceStore, number: int) -> AttemptResult | None:
    """Give the result of an attempt, None when it has not ended."""
    try:
        return AttemptResult.from_json(store.read(attempt_key(number, _RESULT)))
    except FileNotFoundError:
        return None


def fixed_segments(
    store: TraceStore, request: AttemptRequest, number: int
) -> list[str]:
    """Give the segments of an attempt: listed once, the same at every retry."""
    found = [key for key in live_segments(store) if _sealed_before(key, request.until)]
    store.create(attempt_key(number, _ROWS), json.dumps({"segments": found}).encode())
    kept = json.loads(store.read(attempt_key(number, _ROWS)))
    return [str(key) for key in kept["segments"]]


def _numbers(store: TraceStore) -> list[int]:
    keys = store.list("attempts/")
    return sorted({int(key.split("/")[1]) for key in keys if key.endswith(_REQUEST)})


def _request(store: TraceStore, number: int) -> AttemptRequest:
    return AttemptRequest.from_json(store.read(attempt_key(number, _REQUEST)))


def _ledger_position(
    store: TraceStore, request: AttemptRequest, number: int
) -> LedgerPosition:
    # Fixed before the rows are: an earlier attempt that ends only now must not move a
    # retry to another level or to other rows, which would be a second look.
    key = attempt_key(number, _STANDING)
    store.create(key, _compute_position(store, request, number).to_json())
    return LedgerPosition.from_json(store.read(key))


def _compute_position(
    store: TraceStore, request: AttemptRequest, number: int
) -> LedgerPosition:
    earlier = [each for each in _numbers(store) if each < number]
    results = {each: read_result(store, each) for each in earlier}
    seen = [_seen_until(store, each, result) for each, result in results.items()]
    asked = [_request(store, each) for each in earlier]
    delta = 1 - request.confidence
    entries = [_entry(each, result) for each, result in results.items()]
    return LedgerPosition(
        number=number,
        level=attempt_level(number, delta, recycled_level(entries)),
        budget=max([delta, *(1 - each.confidence for each in asked)]),
        after=max(filter(None, seen), default=None),
    )


def _entry(number: int, result: AttemptResult | None) -> LedgerEntry:
    # One that never ended may have looked at its rows before it fell: spent.
    tested = result is None or result.tested
    passed = result is not None and result.chain_passed
    return LedgerEntry(attempt=number, tested=tested, chain_passed=passed)


def _seen_until(
    store: TraceStore, number: int, result: AttemptResult | None
) -> datetime | None:
    return _newest_segment(store, number) if result is None else result.seen_until


def _newest_segment(store: TraceStore, number: int) -> datetime | None:
    # It never ended: whatever it may have looked at counts as seen.
    try:
        kept = json.loads(store.read(attempt_key(number, _ROWS)))
    except FileNotFoundError:
        return None
    return max((segment_time(key) for key in kept["segments"]), default=None)


def _sealed_before(key: str, until: datetime) -> bool:
    try:
        return segment_time(key) < until
    except ValueError:
        return False  # somebody else's object under our prefix
