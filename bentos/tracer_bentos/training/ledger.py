"""The append-only ledger of attempts in the store: numbers, levels, rows seen.

An attempt is found again by the digest of its request, so that a retry of a Job spends
nothing twice and a router made again under the same prefix goes on where it was.
"""

import json
from dataclasses import dataclass
from datetime import datetime

from tracer_bentos.segments import live_segments
from tracer_bentos.store import TraceStore
from tracer_router.contracts.layout import (
    attempt_key,
    segment_time,
)
from tracer_router.contracts.training import AttemptRequest, AttemptResult
from tracer_router.parity.ledger import LedgerEntry, level_of, passed_attempts

__all__ = ["Standing", "fixed_segments", "open_attempt", "read_result"]

_REQUEST, _ROWS, _RESULT = "request.json", "rows.json", "result.json"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an attempt stands in the ledger."""

    number: int
    """Its number; all attempts under one prefix share the error budget."""
    level: float
    """Its error level."""
    after: datetime | None
    """Newest row that an earlier attempt may have tested on."""


def open_attempt(store: TraceStore, request: AttemptRequest) -> Standing:
    """Give the place of a request in the ledger, entering it if it is new.

    Raises:
        StoreError: The store did not answer.
    """
    numbers = _numbers(store)
    for number in numbers:
        if _request(store, number) == request.digest:
            return _standing(store, request, number)
    number = max(numbers, default=0) + 1
    while not store.create(attempt_key(number, _REQUEST), request.to_json()):
        number += 1  # another Job entered the ledger in between
    return _standing(store, request, number)


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


def _request(store: TraceStore, number: int) -> str:
    content = store.read(attempt_key(number, _REQUEST))
    return AttemptRequest.from_json(content).digest


def _standing(store: TraceStore, request: AttemptRequest, number: int) -> Standing:
    entries, seen = [], []
    for earlier in (each for each in _numbers(store) if each < number):
        result = read_result(store, earlier)
        entries.append(
            LedgerEntry(
                attempt=earlier,
                tested=result is not None and result.tested,
                chain_passed=result is not None and result.chain_passed,
            )
        )
        seen.append(_seen_until(store, earlier, result))
    delta = 1 - request.confidence
    level = level_of(number, delta, passed_attempts(entries))
    return Standing(number, level, max(filter(None, seen), default=None))


def _seen_until(
    store: TraceStore, number: int, result: AttemptResult | None
) -> datetime | None:
    if result is None:
        return _newest_segment(store, number)
    # Rows of an attempt that refused before its test are as fresh as ever.
    return result.seen_until if result.tested else None


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
