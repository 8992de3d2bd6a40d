"""The append-only ledger of attempts in the store: numbers, levels, and used rows.

The digest of its request identifies an attempt. So a retry of a Job uses no more error
budget, and a router that is created again under the same prefix continues the ledger.
"""

import json
from datetime import datetime

from tracer_bentos.segments import live_segments
from tracer_bentos.store import TraceStore
from tracer_core.contracts.document import Document
from tracer_core.contracts.store.layout import attempt_key, segment_time
from tracer_core.contracts.training import AttemptRequest, AttemptResult
from tracer_core.stats.certificate.attempt_levels import (
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

_REQUEST, _POSITION = "request.json", "standing.json"
_ROWS, _RESULT = "rows.json", "result.json"


class LedgerPosition(Document):
    """The position of an attempt in the ledger, the same for each retry."""

    number: int
    """Number of the attempt; all attempts under one prefix share the error budget."""
    level: float
    """Error level of the attempt."""
    budget: float
    """Error probability of all attempts so far together: the largest requested one."""
    after: datetime | None = None
    """Time of the newest row that an earlier attempt can have used."""


def open_attempt(store: TraceStore, request: AttemptRequest) -> LedgerPosition:
    """Return the position of a request in the ledger; a new request is added.

    Raises:
        StoreError: The store did not answer.
    """
    numbers = _numbers(store)
    for number in numbers:
        if _request(store, number).digest == request.digest:
            return _ledger_position(store, request, number)
    number = max(numbers, default=0) + 1
    while not store.create(attempt_key(number, _REQUEST), request.to_json()):
        number += 1  # another Job has added an attempt in the meantime
    return _ledger_position(store, request, number)


def find_result(store: TraceStore, request: AttemptRequest) -> AttemptResult | None:
    """Return the result of a request, or none; the ledger is not changed.

    Raises:
        StoreError: The store did not answer.
    """
    for number in _numbers(store):
        if _request(store, number).digest == request.digest:
            return read_result(store, number)
    return None


def read_result(store: TraceStore, number: int) -> AttemptResult | None:
    """Return the result of an attempt; none if it has not ended."""
    try:
        return AttemptResult.from_json(store.read(attempt_key(number, _RESULT)))
    except FileNotFoundError:
        return None


def fixed_segments(
    store: TraceStore, request: AttemptRequest, number: int
) -> list[str]:
    """Return the segments of an attempt: listed once, the same for each retry."""
    found = [key for key in live_segments(store) if _sealed_before(key, request.until)]
    store.create(attempt_key(number, _ROWS), json.dumps({"segments": found}).encode())
    stored = json.loads(store.read(attempt_key(number, _ROWS)))
    return [str(key) for key in stored["segments"]]


def _numbers(store: TraceStore) -> list[int]:
    keys = store.list("attempts/")
    return sorted({int(key.split("/")[1]) for key in keys if key.endswith(_REQUEST)})


def _request(store: TraceStore, number: int) -> AttemptRequest:
    return AttemptRequest.from_json(store.read(attempt_key(number, _REQUEST)))


def _ledger_position(
    store: TraceStore, request: AttemptRequest, number: int
) -> LedgerPosition:
    # The position is stored before the rows are listed. If an earlier attempt ends now,
    # a retry must not get another level or other rows: that would be a second test.
    key = attempt_key(number, _POSITION)
    store.create(key, _compute_position(store, request, number).to_json())
    return LedgerPosition.from_json(store.read(key))


def _compute_position(
    store: TraceStore, request: AttemptRequest, number: int
) -> LedgerPosition:
    earlier = [other for other in _numbers(store) if other < number]
    results = {other: read_result(store, other) for other in earlier}
    used = [_used_until(store, other, result) for other, result in results.items()]
    requests = [_request(store, other) for other in earlier]
    delta = 1 - request.confidence
    entries = [_entry(other, result) for other, result in results.items()]
    return LedgerPosition(
        number=number,
        level=attempt_level(number, delta, recycled_level(entries)),
        budget=max([delta, *(1 - request.confidence for request in requests)]),
        after=max(filter(None, used), default=None),
    )


def _entry(number: int, result: AttemptResult | None) -> LedgerEntry:
    # An attempt without a result can have examined its rows, so its level is used.
    tested = result is None or result.tested
    passed = result is not None and result.chain_passed
    return LedgerEntry(attempt=number, tested=tested, chain_passed=passed)


def _used_until(
    store: TraceStore, number: int, result: AttemptResult | None
) -> datetime | None:
    return _newest_segment(store, number) if result is None else result.seen_until


def _newest_segment(store: TraceStore, number: int) -> datetime | None:
    # An attempt without a result can have used all its rows.
    try:
        stored = json.loads(store.read(attempt_key(number, _ROWS)))
    except FileNotFoundError:
        return None
    return max((segment_time(key) for key in stored["segments"]), default=None)


def _sealed_before(key: str, until: datetime) -> bool:
    try:
        return segment_time(key) < until
    except ValueError:
        return False  # an object of another program under the prefix
