"""The level of each attempt, so that all attempts together err at most delta.

Attempt r owns delta / (r (r + 1)); the shares sum to delta. When every step of attempt
r's pre-declared chain passed, or when r ended before its certify rows were looked at,
its level goes over to attempt r + 1 (online fallback).
"""

from collections.abc import Collection
from dataclasses import dataclass

__all__ = ["LedgerEntry", "attempt_level", "recycled_level"]


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What the ledger keeps of one attempt."""

    attempt: int
    """Number of the attempt, from 1."""
    tested: bool
    """Whether its certify rows may have been looked at: also if it never ended."""
    chain_passed: bool
    """Whether every step of its chain passed."""


def recycled_level(entries: Collection[LedgerEntry]) -> frozenset[int]:
    """Give the attempts whose level goes over to the next."""
    return frozenset(e.attempt for e in entries if e.chain_passed or not e.tested)


def attempt_level(attempt: int, delta: float, handed: Collection[int] = ()) -> float:
    """Give the level of an attempt, with what came over from those before it.

    Claim: if every attempt is a test at this level, then over all attempts for ever any
    false certificate is issued with probability at most `delta`.
    Why: while none has been false, an attempt with a false step in its chain cannot
    have passed wholly, so its level stops there. One that was not tested cannot be
    false. So the levels of tested attempts with a false step are sums of shares of
    which no two have one in common, and add up to at most delta.
    Assumes: each attempt has fresh certify rows, independent of its policy, chain and
    level given all that went before; earlier results may steer it in any way. Whether
    an attempt is tested at all is decided without its certify rows' answers.
    Source: Tian and Ramdas, Online control of the familywise error rate, Statist.
    Methods Med. Res. 30 (2021), online fallback; Wiens and Dmitrienko (2005).

    Args:
        attempt: Number of the attempt, from 1.
        delta: Error probability of all attempts together.
        handed: Attempts whose level passes on to the next, from `recycled_level`.
    """
    if attempt < 1 or not 0 < delta < 1:
        raise ValueError(f"no level for attempt {attempt} of a budget of {delta}")
    level = 0.0
    for number in range(1, attempt + 1):
        recycled = level if number - 1 in handed else 0.0
        level = delta / (number * (number + 1)) + recycled
    return level
