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

    Claim: if every attempt is a test at this level, then over all attempts for ever any
    false certificate is issued with probability at most `delta`.
    Why: while none has been false, an attempt with a false step in its chain cannot
    have passed wholly, so its level stops there. The levels of such attempts are sums
    of shares of which no two have one in common, and add up to at most delta.
    Assumes: each attempt has fresh certify rows, independent of its policy, chain and
    level given all that went before; earlier results may steer it in any way.
    Source: Tian and Ramdas, Online control of the familywise error rate, Statist.
    Methods Med. Res. 30 (2021), online fallback; Wiens and Dmitrienko (2005).

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


def level_on_rows_seen(attempt: int, delta: float, answers: int = 2) -> float:
    """Give the level of an attempt that looks at rows seen by all attempts before it.

    Claim: over all attempts any false certificate is issued with probability at most
    `delta`, although earlier answers on the same rows may have steered the policy.
    Why: after r - 1 answers of so many kinds there are at most answers^(r-1) policies
    that could stand here; each is tested at its share. Nothing is recycled.
    Assumes: of each earlier attempt nothing was used but which of `answers` kinds of
    answer it gave, two for passed or failed. Whoever reads k of n and steers by it has
    had more, and needs fresh rows.
    Source: description-length bound of Dwork et al., Generalization in adaptive data
    analysis and holdout reuse, NeurIPS 2015.

    Args:
        attempt: Number of the attempt on these rows, from 1.
        delta: Error probability of all of them together.
        answers: How many kinds of answer an attempt gives.
    """
    _check(attempt, delta)
    if answers < 1:
        raise ValueError(f"an attempt gives at least one kind of answer, not {answers}")
    return float(delta * _share(attempt) / answers ** (attempt - 1))


def _share(attempt: int) -> float:
    return 1 / (attempt * (attempt + 1))


def _check(attempt: int, delta: float) -> None:
    if attempt < 1 or not 0 < delta < 1:
        raise ValueError(f"no level for attempt {attempt} of a budget of {delta}")
