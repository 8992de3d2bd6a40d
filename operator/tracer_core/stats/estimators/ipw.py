"""Estimates from the uniform sample with inverse probability weighting, by session.

A session is sampled before it is decided who answers, at a rate that can differ between
phases. A session is therefore one independent unit, and represents 1/rate sessions of
the traffic. This module uses only the standard library, because the operator image has
no numerical packages.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = [
    "Dependence",
    "WeightedRate",
    "WeightedUnit",
    "estimate_dependence",
    "weighted_rate",
]

_GRID: Final = 400
_BISECTIONS: Final = 40
_MAX_LOSS: Final = 0.999
"""Largest share of the wealth that the heaviest unit can lose. A loss of all wealth
cannot be recovered."""


@dataclass(frozen=True, slots=True)
class WeightedUnit:
    """One session of the uniform sample, or one request without a session.

    Raises:
        ValueError: The counts or the propensity are invalid.
    """

    positives: float
    """Number of its requests that have the property. It can be fractional."""
    requests: int = 1
    """Number of its requests, at least 1."""
    propensity: float = 1.0
    """Sampling rate of the session, in (0, 1]."""

    def __post_init__(self) -> None:
        if not 0 <= self.positives <= self.requests or self.requests < 1:
            raise ValueError(
                f"{self.positives} of {self.requests} requests: must satisfy 0 <="
                " positives <= requests, with at least 1 request"
            )
        if not 0 < self.propensity <= 1:
            raise ValueError(
                f"propensity is {self.propensity}: must be above 0 and at most 1"
            )

    @property
    def weight(self) -> float:
        """Number of requests of the traffic that the session represents."""
        return self.requests / self.propensity


@dataclass(frozen=True, slots=True)
class WeightedRate:
    """A rate over the traffic with its interval."""

    value: float | None
    """Point estimate in [0, 1]; None without units."""
    low: float
    """Lower end of the interval, in [0, 1]."""
    high: float
    """Upper end of the interval, in [0, 1]."""
    units: int
    """Number of independent units that the estimate is based on."""
    effective_units: float
    """Number of units with equal weights that give the same information (Kish)."""


@dataclass(frozen=True, slots=True)
class Dependence:
    """Loss of information in clustered rows compared with independent rows."""

    rows: int
    """Number of rows in all clusters."""
    units: int
    """Number of clusters."""
    design_effect: float
    """Variance of the mean divided by that of the same number of independent rows; 1
    without dependence."""
    intraclass: float
    """Estimated correlation between two rows of one cluster; can be negative."""

    @property
    def effective_rows(self) -> float:
        """Number of independent rows that give the same information."""
        return self.rows / self.design_effect


def weighted_rate(units: Sequence[WeightedUnit], level: float = 0.05) -> WeightedRate:
    """Return a rate over the traffic with its interval, from sampled sessions.

    Claim: given which sessions were sampled, the interval does not contain the weighted
    mean of their true rates with probability at most `level`, for any number of units:
    no normal approximation is used. This mean is the rate of the traffic except for the
    random allocation of the sample to phases, and exactly if the rate is the same in
    all phases.
    Why: under a mean of m, the products of 1 + b w (y/m - 1) have expectation at most 1
    for any means of the single units, so they exceed 2/level with probability level/2
    on each side (Markov). The bet b depends only on the weights, m, and the level, such
    that with equal weights this is the Chernoff bound (Kullback-Leibler divergence).
    Assumes: sessions are independent of each other; sampling does not depend on
    content, and its rate is recorded. The rate is per request, so a long session counts
    more.
    Source: Hajek's ratio (1971); Waudby-Smith and Ramdas, Estimating means of bounded
    random variables by betting, JRSS B 86 (2024); Kish (1965).

    Args:
        units: The sampled sessions.
        level: Error probability of the interval, in (0, 1).

    Returns:
        The estimate with its interval; the interval is [0, 1] without units.
    """
    if not units:
        return WeightedRate(None, 0.0, 1.0, 0, 0.0)
    total = sum(unit.weight for unit in units)
    value = sum(unit.weight * unit.positives / unit.requests for unit in units) / total
    effective = total**2 / sum(unit.weight**2 for unit in units)
    up = Counter((u.weight, u.positives / u.requests) for u in units)
    down = Counter((u.weight, 1 - u.positives / u.requests) for u in units)
    return WeightedRate(
        value=value,
        low=_lower(up, effective, level / 2),
        high=1 - _lower(down, effective, level / 2),
        units=len(units),
        effective_units=effective,
    )


def estimate_dependence(units: Sequence[WeightedUnit]) -> Dependence:
    """Return the design effect of clustered rows and their intraclass correlation.

    Claim: these are estimates to report with a number of rows, and not bounds. No
    certificate may use rows divided by an estimated design effect.
    Assumes: clusters are independent of each other and have equal sampling rates.
    Source: Kish, Survey Sampling (1965); the analysis-of-variance estimator of Donner,
    Int. Statist. Review 54 (1986).

    Args:
        units: The clusters; their propensities are not used.

    Returns:
        The estimates; design effect 1 and correlation 0 if nothing varies.
    """
    rows = sum(unit.requests for unit in units)
    positives = sum(unit.positives for unit in units)
    if len(units) < 2 or not 0 < positives < rows:  # noqa: PLR2004 - no variance
        return Dependence(rows, len(units), 1.0, 0.0)
    mean = positives / rows
    between = sum((u.positives - mean * u.requests) ** 2 for u in units)
    clustered = len(units) / (len(units) - 1) * between / rows**2
    effect = clustered / (mean * (1 - mean) / rows)
    return Dependence(rows, len(units), effect, _intraclass(units, rows, mean))


def _intraclass(units: Sequence[WeightedUnit], rows: int, mean: float) -> float:
    if rows == len(units):
        return 0.0
    shares = [(unit.requests, unit.positives / unit.requests) for unit in units]
    between = sum(n * (p - mean) ** 2 for n, p in shares) / (len(units) - 1)
    within = sum(n * p * (1 - p) for n, p in shares) / (rows - len(units))
    squares = sum(unit.requests**2 for unit in units)
    typical_size = (rows - squares / rows) / (len(units) - 1)
    total = between + (typical_size - 1) * within
    return (between - within) / total if total else 0.0


def _lower(outcomes: Counter[tuple[float, float]], units: float, level: float) -> float:
    # The smallest mean that is not refuted. With equal weights, refutation is monotone
    # in the mean. With unequal weights, the grid ensures that no smaller mean is
    # missed.
    def refuted(mean: float) -> bool:
        return _log_wealth(outcomes, units, mean, level) >= -math.log(level)

    grid = (step / _GRID for step in range(1, _GRID))
    first = next((mean for mean in grid if not refuted(mean)), 1.0)
    return _bisect(refuted, max(first - 1 / _GRID, 0.0), first)


def _bisect(refuted: Callable[[float], bool], low: float, high: float) -> float:
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
    total = sum(weight * count for (weight, _), count in outcomes.items())
    bet = _bet(units, mean, level) * units / total
    bet = min(bet, _MAX_LOSS / heaviest)
    return sum(
        count * math.log1p(bet * weight * (outcome / mean - 1))
        for (weight, outcome), count in outcomes.items()
    )


def _bet(units: float, mean: float, level: float) -> float:
    # The best bet if the estimate is where the Chernoff bound just refutes the mean.
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
