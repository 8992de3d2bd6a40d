"""Estimates from the uniform sample: weighted by one over the coin's rate, by session.

The audit coin is drawn per session before anything is decided, at a rate that may
change from phase to phase. A session therefore is one independent unit, and stands for
1/rate sessions of the traffic. Standard library only: the operator uses it as well.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = [
    "Dependence",
    "WeightedRate",
    "WeightedUnit",
    "estimate_dependence",
    "weighted_rate",
]

_GRID = 400
_BISECTIONS = 40
_ALMOST = 0.999
"""A bet of all one has on the heaviest unit could lose it all and never recover."""


@dataclass(frozen=True, slots=True)
class WeightedUnit:
    """One session of the uniform sample, or one request that belongs to none."""

    yes: float
    """How many of its requests had the property; partial where a request may."""
    requests: int = 1
    """Its requests."""
    propensity: float = 1.0
    """Rate of the coin that brought it into the sample."""

    def __post_init__(self) -> None:
        if not 0 <= self.yes <= self.requests or self.requests < 1:
            raise ValueError(f"{self.yes} of {self.requests} requests: not a share")
        if not 0 < self.propensity <= 1:
            raise ValueError(f"a coin with rate {self.propensity}")

    @property
    def weight(self) -> float:
        """Give the number of the traffic's requests that it stands for."""
        return self.requests / self.propensity


@dataclass(frozen=True, slots=True)
class WeightedRate:
    """A rate over the traffic, with its interval."""

    value: float | None
    """The point estimate; none without units."""
    low: float
    """Lower end of the interval."""
    high: float
    """Upper end of the interval."""
    units: int
    """Independent units that it rests on."""
    effective_units: float
    """How many equally heavy ones would tell as much (Kish)."""


@dataclass(frozen=True, slots=True)
class Dependence:
    """How much less clustered rows tell than independent ones."""

    rows: int
    """Rows in all clusters."""
    units: int
    """Clusters."""
    design_effect: float
    """Variance of the mean over that of as many independent rows; 1 is none."""
    intraclass: float
    """Correlation between two rows of one cluster, estimated; may be negative."""

    @property
    def effective_rows(self) -> float:
        """Give how many independent rows would tell as much."""
        return self.rows / self.design_effect


def weighted_rate(units: Sequence[WeightedUnit], level: float = 0.05) -> WeightedRate:
    """Give a rate over the traffic from sampled sessions, with an interval.

    Claim: given which sessions the coin chose, the interval misses the weighted mean of
    their true rates with probability at most `level`, at any number of units: no normal
    approximation. That mean is the traffic's rate up to the luck of the coin among
    phases, and exactly where the rate is the same in all phases.
    Why: under a mean of m the products of 1 + b w (y/m - 1) have expectation at most 1
    whatever the single means are, so they exceed 2/level with probability level/2 on
    each side (Markov). The bet b is fixed by weights, m and level alone, such that
    with equal weights this is Chernoff's bound (Kullback-Leibler divergence).
    Assumes: sessions independent of each other; a coin that owes nothing to content,
    with the rate recorded. The rate is per request: a long session counts for more.
    Source: Hajek's ratio (1971); Waudby-Smith and Ramdas, Estimating means of bounded
    random variables by betting, JRSS B 86 (2024); Kish (1965).
    """
    if not units:
        return WeightedRate(None, 0.0, 1.0, 0, 0.0)
    total = sum(unit.weight for unit in units)
    value = sum(unit.weight * unit.yes / unit.requests for unit in units) / total
    effective = total**2 / sum(unit.weight**2 for unit in units)
    up = Counter((u.weight, u.yes / u.requests) for u in units)
    down = Counter((u.weight, 1 - u.yes / u.requests) for u in units)
    return WeightedRate(
        value=value,
        low=_lower(up, effective, level / 2),
        high=1 - _lower(down, effective, level / 2),
        units=len(units),
        effective_units=effective,
    )


def estimate_dependence(units: Sequence[WeightedUnit]) -> Dependence:
    """Give the design effect of clustered rows and their intraclass correlation.

    Claim: estimates to report beside a count of rows, without a bound; no certificate
    may rest on rows divided by an estimated design effect.
    Assumes: clusters independent of each other; equal coin rates.
    Source: Kish, Survey Sampling (1965); the analysis-of-variance estimator of Donner,
    Int. Statist. Review 54 (1986).
    """
    rows = sum(unit.requests for unit in units)
    yes = sum(unit.yes for unit in units)
    if len(units) < 2 or not 0 < yes < rows:  # noqa: PLR2004 - no variance to compare
        return Dependence(rows, len(units), 1.0, 0.0)
    mean = yes / rows
    between = sum((u.yes - mean * u.requests) ** 2 for u in units)
    clustered = len(units) / (len(units) - 1) * between / rows**2
    effect = clustered / (mean * (1 - mean) / rows)
    return Dependence(rows, len(units), effect, _intraclass(units, rows, mean))


def _intraclass(units: Sequence[WeightedUnit], rows: int, mean: float) -> float:
    if rows == len(units):
        return 0.0
    shares = [(unit.requests, unit.yes / unit.requests) for unit in units]
    between = sum(n * (p - mean) ** 2 for n, p in shares) / (len(units) - 1)
    within = sum(n * p * (1 - p) for n, p in shares) / (rows - len(units))
    squares = sum(unit.requests**2 for unit in units)
    typical = (rows - squares / rows) / (len(units) - 1)
    whole = between + (typical - 1) * within
    return (between - within) / whole if whole else 0.0


def _lower(outcomes: Counter[tuple[float, float]], units: float, level: float) -> float:
    # The least mean that is not refuted. Which means are is monotone where weights are
    # equal; where they are not, a grid makes sure that none further down is missed.
    def refuted(mean: float) -> bool:
        return _log_wealth(outcomes, units, mean, level) >= -math.log(level)

    grid = (step / _GRID for step in range(1, _GRID))
    first = next((mean for mean in grid if not refuted(mean)), 1.0)
    return _edge(refuted, max(first - 1 / _GRID, 0.0), first)


def _edge(refuted: Callable[[float], bool], low: float, high: float) -> float:
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if refuted(middle):
            low = middle
        else:
            high = middle
    return low


def _log_wealth(
    outcomes: Counter[tuple[float, float]], units: float, mean: float, level: float
) -> float:
    heaviest = max(weight for weight, _ in outcomes)
    whole = sum(weight * count for (weight, _), count in outcomes.items())
    bet = _bet(units, mean, level) * units / whole
    bet = min(bet, _ALMOST / heaviest)
    return sum(
        count * math.log1p(bet * weight * (outcome / mean - 1))
        for (weight, outcome), count in outcomes.items()
    )


def _bet(units: float, mean: float, level: float) -> float:
    # The best bet if the estimate falls where the Chernoff bound just refutes the mean.
    bound = -math.log(level) / units
    low, high = mean, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if _divergence(middle, mean) < bound else (low, middle)
        )
    return (low - mean) / (1 - mean)


def _divergence(share: float, mean: float) -> float:
    if share >= 1:
        return -math.log(mean)
    return share * math.log(share / mean) + (1 - share) * math.log(
        (1 - share) / (1 - mean)
    )
