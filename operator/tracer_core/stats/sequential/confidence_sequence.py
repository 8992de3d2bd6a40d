"""A confidence sequence for an agreement rate, valid at every look."""

import math
from typing import Final

__all__ = ["agreement_interval"]

_BISECTIONS: Final = 50


def agreement_interval(
    agreed: int, disagreed: int, delta: float = 0.05
) -> tuple[float, float]:
    """Return an interval for the true agreement.

    Claim: with probability at least 1 - delta, the interval contains the true rate at
    all looks together.
    Why: the uniform mixture martingale ``B(k+1, l+1) / (q^k (1-q)^l)`` stays below
    ``1/delta`` with probability 1 - delta (Ville); the interval is the set of rates for
    which it does.

    Args:
        agreed: Number of audits with agreement.
        disagreed: Number of audits with disagreement.
        delta: Error probability over all looks, in (0, 1).

    Returns:
        The lower and the upper end; [0, 1] without audits.
    """
    total = agreed + disagreed
    if total == 0:
        return 0.0, 1.0
    best = agreed / total
    low = _crossing(agreed, disagreed, delta, 0.0, best)
    high = _crossing(agreed, disagreed, delta, 1.0, best)
    return low, high


def _log_mixture(agreed: int, disagreed: int, rate: float) -> float:
    mixed = math.lgamma(agreed + 1) + math.lgamma(disagreed + 1)
    mixed -= math.lgamma(agreed + disagreed + 2)
    return mixed - _log_power(rate, agreed) - _log_power(1 - rate, disagreed)


def _log_power(base: float, exponent: int) -> float:
    if exponent == 0:
        return 0.0
    return exponent * math.log(base) if base > 0 else -math.inf


def _crossing(
    agreed: int, disagreed: int, delta: float, outside: float, inside: float
) -> float:
    """Return the rate between two rates at which the mixture reaches its bound."""
    bound = -math.log(delta)
    if _log_mixture(agreed, disagreed, outside) < bound:
        return outside
    for _ in range(_BISECTIONS):
        middle = (outside + inside) / 2
        if _log_mixture(agreed, disagreed, middle) < bound:
            inside = middle
        else:
            outside = middle
    return outside
