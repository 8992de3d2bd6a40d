"""Tests of agreement per request if requests come in sessions of unequal length.

`binomial` tests one random row of each session exactly, but then each session counts
once, regardless of its length. If long sessions agree less often, agreement per request
is lower than what passed. This module uses all rows of a session, and each row counts.
Sessions are the independent units; rows of one session can depend on each other in any
way.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tracer_core.stats.certificate.fixed_sequence import ChainCounts

__all__ = ["BettingStrategy", "cluster_p_value", "declare_betting_strategy"]

_MAX_LOSS: Final = 0.95
"""Largest share of the wealth that one session of maximum length can lose."""
_BISECTIONS: Final = 50


@dataclass(frozen=True, slots=True)
class BettingStrategy:
    """The bet of a test of sessions, declared before the certify rows are seen.

    Raises:
        ValueError: A session of the maximum length could lose all wealth.
    """

    stake: float
    """Factor of the gain: a session with r rows and d disagreements multiplies the
    wealth by 1 + stake * (r * (1 - target) - d)."""
    longest: int
    """Maximum number of rows of one session that are used. Of a longer session, a
    random sample of this size is used."""

    def __post_init__(self) -> None:
        if self.longest < 1 or not 0 <= self.stake * self.longest < 1:
            raise ValueError(
                f"stake {self.stake} on up to {self.longest} rows: the number of rows"
                " must be at least 1, and stake * rows must be at least 0 and below 1"
            )


def declare_betting_strategy(
    units: Sequence[ChainCounts], target: float, longest: int
) -> BettingStrategy:
    """Return the bet whose wealth grows fastest on the training rows.

    Claim: any bet that is declared beforehand is valid; this one has power if the
    training rows resemble the certify rows.
    Source: Kelly (1956); growth-rate optimality, Gruenwald, de Heide, and Koolen, Safe
    testing, JRSS B 86 (2024).

    Args:
        units: Counts of the accepted rows of each training session, evaluated out of
            fold.
        target: Agreement to be shown, in (0, 1).
        longest: Maximum number of rows of one session that will be used.

    Returns:
        The strategy; its stake is 0 if agreement in training is below the target.
    """
    gains = Counter(_gain(unit, target) for unit in units)

    def growth_slope(stake: float) -> float:
        return sum(n * gain / (1 + stake * gain) for gain, n in gains.items())

    low, high = 0.0, _MAX_LOSS / longest
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if growth_slope(middle) > 0 else (low, middle)
    return BettingStrategy(low, longest)


def cluster_p_value(
    units: Iterable[ChainCounts] | Mapping[ChainCounts, int],
    target: float,
    bet: BettingStrategy,
) -> float:
    """Return a p-value of "agreement per accepted request is at most the target".

    Claim: while this is true, the value is at most x with probability at most x. A
    session with r accepted rows and d disagreements multiplies the wealth by
    1 + stake (r (1 - target) - d), whose expectation is then at most 1; the value is
    one over the wealth (Markov).
    Assumes: sessions are independent and identically distributed, and the bet and the
    accept set were declared without them. A session that is longer than the bet allows
    counts with that length.
    Source: Waudby-Smith and Ramdas, Estimating means of bounded random variables by
    betting, JRSS B 86 (2024); Vovk and Wang, E-values, Ann. Statist. 49 (2021).

    Args:
        units: Counts of the accepted rows of each session, or the number of sessions by
            their counts. Sessions without accepted rows have no effect.
        target: Agreement to be shown, in (0, 1).
        bet: The declared strategy.

    Returns:
        The p-value in (0, 1].

    Raises:
        ValueError: A session has more rows than the bet allows.
    """
    sessions = Counter(units)
    longest = max((unit.rows for unit in sessions), default=0)
    if longest > bet.longest:
        raise ValueError(
            f"a session of {longest} rows: must have at most {bet.longest}, the maximum"
            " of the declared bet"
        )
    log_wealth = sum(
        n * math.log1p(bet.stake * _gain(unit, target)) for unit, n in sessions.items()
    )
    return math.exp(min(-log_wealth, 0.0))


def _gain(unit: ChainCounts, target: float) -> float:
    return unit.rows * (1 - target) - (unit.rows - unit.agreed)
