"""A confidence sequence for an agreement rate: valid at every look."""

import math

__all__ = ["agreement_interval"]

_BISECTIONS = 50


def agreement_interval(
    agreed: int, disagreed: int, delta: float = 0.05
) -> tuple[float, float]:
    """Give an interval that holds the true rate at all times with level 1 - delta.

    The uniform mixture martingale ``B(k+1, l+1) / (q^k (1-q)^l)`` stays below
    ``1/delta`` with probability 1 - delta (Ville); the interval is where it does.
    With no audits it is all of [0, 1].
    """
    total = agreed + disagreed
    if total == 0:
        return 0.0, 1.0
    best = agreed / total
    low = _cross(agreed, disagreed, delta, 0.0, best)
    high = _cross(agreed, disagreed, delta, 1.0, best)
    return low, high


def _log_mixture(agreed: int, disagreed: int, rate: float) -> float:
    mixed = math.lgamma(agreed + 1) + math.lgamma(disagreed + 1)
    mixed -= math.lgamma(agreed + disagreed + 2)
    return mixed - _log_power(rate, agreed) - _log_power(1 - rate, disagreed)


def _log_power(base: float, exponent: int) -> float:
    if exponent == 0:
        return 0.0
    return exponent * math.log(base) if base > 0 else -math.inf


def _cross(
    agreed: int, disagreed: int, delta: float, outside: float, inside: float
) -> float:
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
