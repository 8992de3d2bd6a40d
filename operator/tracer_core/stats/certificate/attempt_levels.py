"""Error level of each attempt, so that the error of all attempts is at most delta.

Attempt r has the share delta / (r (r + 1)); the shares sum to delta. If every step of
the declared chain of attempt r passed, or if attempt r ended before its certify rows
were examined, its level is recycled: attempt r + 1 gets it in addition to its own share
(online fallback).
"""

from collections.abc import Collection
from dataclasses import dataclass

__all__ = ["LedgerEntry", "attempt_level", "recycled_level"]


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """The ledger entry of one attempt."""

    attempt: int
    """Number of the attempt, from 1."""
    tested: bool
    """Whether its certify rows may have been examined, also if it did not finish."""
    chain_passed: bool
    """Whether every step of its chain passed."""


def recycled_level(entries: Collection[LedgerEntry]) -> frozenset[int]:
    """Return the numbers of the attempts whose level is recycled."""
    return frozenset(e.attempt for e in entries if e.chain_passed or not e.tested)


def attempt_level(attempt: int, delta: float, recycled: Collection[int] = ()) -> float:
    """Return the error level of an attempt, including recycled levels.

    Claim: if every attempt is a test at this level, then the probability that any false
    certificate is ever issued, over all attempts, is at most `delta`.
    Why: as long as no certificate has been false, an attempt with a false step in its
    chain cannot have passed completely, so its level is not recycled. An attempt that
    was not tested cannot be false. So the levels of tested attempts with a false step
    are sums of shares of which no two have one in common, and add up to at most delta.
    Assumes: each attempt has fresh certify rows, independent of its policy, chain, and
    level given all earlier results. Earlier results can influence it in any way.
    Whether an attempt is tested is decided without the answers of its certify rows.
    Source: Tian and Ramdas, Online control of the familywise error rate, Statist.
    Methods Med. Res. 30 (2021), online fallback; Wiens and Dmitrienko (2005).

    Args:
        attempt: Number of the attempt, from 1.
        delta: Error probability of all attempts together, in (0, 1).
        recycled: Attempts whose level is recycled, from `recycled_level`.

    Returns:
        The level, in (0, delta).

    Raises:
        ValueError: The attempt number is below 1, or delta is not in (0, 1).
    """
    if attempt < 1 or not 0 < delta < 1:
        raise ValueError(
            f"no level for attempt {attempt} with delta {delta}: the attempt must be at"
            " least 1, and delta must be between 0 and 1, exclusive"
        )
    level = 0.0
    for number in range(1, attempt + 1):
        inherited = level if number - 1 in recycled else 0.0
        level = delta / (number * (number + 1)) + inherited
    return level
