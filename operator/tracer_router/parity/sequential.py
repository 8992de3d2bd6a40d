"""E-processes on audit counts: valid at every look, whenever one stops.

Each is a mixture of likelihood ratios over a fixed grid of alternatives, a function of
two counts only. Under its null hypothesis it exceeds 1/alpha ever with probability at
most alpha (Ville). Values are natural logarithms throughout; standard library only.
"""

import math
from collections.abc import Callable

__all__ = ["audits_needed", "promotion_log_e", "rollback_log_e"]

_BELOW = (0.05, 0.15, 0.3, 0.5, 0.7)
_ABOVE = (1.3, 1.7, 2.5, 4.0, 8.0)
_FARTHEST = 1_000_000

LogE = Callable[[float, float], float]
"""From disagreements and audits to the logarithm of an e-value."""


def promotion_log_e(
    disagreed: float, audits: float, target: float, margin: float
) -> float:
    """Give the log evidence that agreement is above ``target - margin``.

    Null hypothesis: disagreement is at least ``1 - (target - margin)``.
    """
    return _mixture(disagreed, audits, 1 - (target - margin), _BELOW)


def rollback_log_e(disagreed: float, audits: float, target: float) -> float:
    """Give the log evidence that agreement is below the target.

    Null hypothesis: disagreement is at most ``1 - target``.
    """
    return _mixture(disagreed, audits, 1 - target, _ABOVE)


def audits_needed(
    log_e: LogE, disagreed: float, audits: float, rate: float, bound: float
) -> int | None:
    """Give about how many more audits cross a bound if they disagree at a rate.

    Args:
        log_e: The process, in disagreements and audits.
        disagreed: Disagreements so far.
        audits: Audits so far.
        rate: Disagreement expected of the audits to come.
        bound: Logarithm of the e-value to reach.

    Returns:
        The number; none when a million audits at that rate would not do.
    """

    def crossed(more: int) -> bool:
        return log_e(disagreed + rate * more, audits + more) >= bound

    if crossed(0):
        return 0
    high = 1
    while not crossed(high):
        high *= 2
        if high > _FARTHEST:
            return None
    return _first_true(crossed, high // 2, high)


def _first_true(holds: Callable[[int], bool], low: int, high: int) -> int:
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _mixture(
    disagreed: float, audits: float, boundary: float, factors: tuple[float, ...]
) -> float:
    if not 0 <= disagreed <= audits:
        raise ValueError(f"{disagreed} disagreements in {audits} audits: not a count")
    if not 0 < boundary < 1:
        raise ValueError(f"a disagreement of {boundary} cannot be tested")
    logs = [_log_ratio(disagreed, audits, boundary, f) for f in factors]
    top = max(logs)
    return top + math.log(sum(math.exp(log - top) for log in logs) / len(logs))


def _log_ratio(
    disagreed: float, audits: float, boundary: float, factor: float
) -> float:
    # Alternatives are multiples of the boundary's odds, so they stay within (0, 1).
    odds = factor * boundary / (1 - boundary)
    other = odds / (1 + odds)
    return disagreed * math.log(other / boundary) + (audits - disagreed) * math.log(
        (1 - other) / (1 - boundary)
    )
