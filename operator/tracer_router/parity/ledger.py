"""The level of each attempt, so that all attempts together err at most delta.

Attempt r owns delta / (r (r + 1)); the shares sum to delta. When every step of attempt
r's pre-declared chain passed, its level goes over to attempt r + 1 (online fallback).
A number is charged once given, whether the attempt tested or refused before looking.
"""

from collections.abc import Collection
from dataclasses import dataclass

__all__ = ["LedgerEntry", "level_of", "level_on_rows_seen", "passed_attempts"]


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What the ledger keeps of one attempt."""

    attempt: int
    """Number of the attempt, from 1."""
    tested: bool
    """Whether its certify rows were looked at; charged in either case."""
    chain_passed: bool
    """Whether every step of its chain passed."""


def passed_attempts(entries: Collection[LedgerEntry]) -> frozenset[int]:
    """Give the attempts whose level goes over to the next."""
    return frozenset(e.attempt for e in entries if e.tested and e.chain_passed)


def level_of(attempt: int, delta: float, passed: Collection[int] = ()) -> float:
    """Give the level of an attempt, with what came over from those before it.

    Args:
        attempt: Number of the attempt, from 1.
        delta: Error probability of all attempts together.
        passed: Attempts whose whole chain passed.
    """
    _check(attempt, delta)
    level = 0.0
    for number in range(1, attempt + 1):
        recycled = level if number - 1 in passed else 0.0
        level = delta * _share(number) + recycled
    return level


def level_on_rows_seen(attempt: int, delta: float) -> float:
    """Give the level of an attempt that looks at rows seen by all attempts before it.

    Each earlier answer, pass or fail, may have steered the policy, so attempt r is one
    of 2^(r-1) that could have been tried; nothing is recycled.
    """
    _check(attempt, delta)
    return delta * _share(attempt) * 0.5 ** (attempt - 1)


def _share(attempt: int) -> float:
    return 1 / (attempt * (attempt + 1))


def _check(attempt: int, delta: float) -> None:
    if attempt < 1 or not 0 < delta < 1:
        raise ValueError(f"no level for attempt {attempt} of a budget of {delta}")
