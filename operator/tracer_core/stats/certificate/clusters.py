"""Tests of agreement per request where requests come in sessions of unequal length.

One random row of each session is tested exactly by `exact`, but then a session counts
once however long it is: where long sessions agree less, agreement per request is lower
than what passed. Here all rows of a session are used and count as often as they come.
Sessions are the independent units; inside of one anything may depend on anything.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tracer_core.stats.certificate.fixed_sequence import ChainCounts

__all__ = ["BettingStrategy", "cluster_p_value", "declare_betting_strategy"]

_ALMOST = 0.95
_BISECTIONS = 50


@dataclass(frozen=True, slots=True)
class BettingStrategy:
    """How a test of sessions bets, declared before the certify rows are seen."""

    stake: float
    """Share of the wealth that one row too few in error wins."""
    longest: int
    """The most rows of one session that are used; of longer ones a random part."""

    def __post_init__(self) -> None:
        if self.longest < 1 or not 0 <= self.stake * self.longest < 1:
            raise ValueError(f"no bet: {self.stake} on up to {self.longest} rows")


def declare_betting_strategy(
    units: Sequence[ChainCounts], target: float, longest: int
) -> BettingStrategy:
    """Give the bet under which wealth would grow fastest if all went as in training.

    Claim: any bet declared beforehand is valid; this one has power where training rows
    resemble those to come.
    Source: Kelly (1956); growth-rate optimality, Gruenwald, de Heide and Koolen,
    Safe testing, JRSS B 86 (2024).

    Args:
        units: Accepted rows of each session in training, judged out of fold.
        target: Agreement to be shown.
        longest: The most rows of one session that will be used.
    """
    gains = Counter(_gain(unit, target) for unit in units)

    def slope(stake: float) -> float:
        return sum(n * gain / (1 + stake * gain) for gain, n in gains.items())

    low, high = 0.0, _ALMOST / longest
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    return BettingStrategy(low, longest)


def cluster_p_value(
    units: Iterable[ChainCounts] | Mapping[ChainCounts, int],
    target: float,
    bet: BettingStrategy,
) -> float:
    """Give a p-value of "agreement per accepted request is at most the target".

    Claim: while that is true the value is at most x with probability at most x. A
    session with r accepted rows and d disagreements multiplies the wealth by
    1 + stake (r (1 - target) - d), whose expectation is then at most 1; the value is
    one over the wealth (Markov).
    Assumes: sessions independent and alike in distribution, a bet and an accept set
    declared without them. A session longer than the bet allows counts as that long.
    Source: Waudby-Smith and Ramdas, Estimating means of bounded random variables by
    betting, JRSS B 86 (2024); Vovk and Wang, E-values, Ann. Statist. 49 (2021).

    Args:
        units: Accepted rows of each session, or how many sessions have such rows;
            those without any change nothing.
        target: Agreement to be shown.
        bet: What was declared.

    Raises:
        ValueError: A session has more rows than the bet allows.
    """
    seen = Counter(units)
    longest = max((unit.rows for unit in seen), default=0)
    if longest > bet.longest:
        raise ValueError(f"a session of {longest} rows, a bet on at most {bet.longest}")
    wealth = sum(
        n * math.log1p(bet.stake * _gain(unit, target)) for unit, n in seen.items()
    )
    return math.exp(min(-wealth, 0.0))


def _gain(unit: ChainCounts, target: float) -> float:
    return unit.rows * (1 - target) - (unit.rows - unit.agreed)
