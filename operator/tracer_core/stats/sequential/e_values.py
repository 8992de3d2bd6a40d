"""E-processes on audit counts, valid at every look and for any stopping rule.

Each is a mixture of likelihood ratios over fixed alternatives, and a function of two
counts only. Under its null hypothesis, it ever exceeds 1/alpha with probability at most
alpha (Ville's inequality), regardless of how often it is evaluated and of the reason to
stop.

Claim: a statement on the agreement over the audits seen, and not over the future (that
is `drift`).
Assumes: given the past, the next audit disagrees with a probability on the side of the
boundary that the null hypothesis states. Audits can depend on each other, and the
probability can change, as long as it stays on this side. Audits of one session do not
satisfy this, so one audit of a session counts.
Source: Waudby-Smith and Ramdas, "Estimating means of bounded random variables by
betting" (2024); Howard et al., "Time-uniform, nonparametric, nonasymptotic confidence
sequences" (2021).
"""

from collections.abc import Callable
from typing import Final

from tracer_core.stats.sequential.mixture import ABOVE, BELOW

__all__ = ["audits_needed", "promotion_log_e", "rollback_log_e"]

_MAX_AUDITS: Final = 1_000_000

LogEValue = Callable[[float, float], float]
"""Function from disagreements and audits to the logarithm of an e-value."""


def promotion_log_e(
    disagreed: float, audits: float, target: float, margin: float
) -> float:
    """Return the log e-value for agreement above ``target - margin``.

    Null hypothesis: disagreement is at least ``1 - (target - margin)``.

    Args:
        disagreed: Number of audits with disagreement.
        audits: Number of audits.
        target: Agreement that is guaranteed, in (0, 1).
        margin: Allowed difference below the target, in [0, target).
    """
    ratios = BELOW.log_ratios(disagreed, audits, 1 - (target - margin))
    return BELOW.log_mean(ratios)


def rollback_log_e(disagreed: float, audits: float, target: float) -> float:
    """Return the log e-value for agreement below the target.

    Null hypothesis: disagreement is at most ``1 - target``.

    Args:
        disagreed: Number of audits with disagreement.
        audits: Number of audits.
        target: Agreement that is guaranteed, in (0, 1).
    """
    return ABOVE.log_mean(ABOVE.log_ratios(disagreed, audits, 1 - target))


def audits_needed(
    log_e: LogEValue, disagreed: float, audits: float, rate: float, bound: float
) -> int | None:
    """Return the approximate number of further audits until an e-value reaches a bound.

    Args:
        log_e: The process, as a function of disagreements and audits.
        disagreed: Number of disagreements so far.
        audits: Number of audits so far.
        rate: Expected disagreement of further audits, in [0, 1].
        bound: Natural logarithm of the e-value to reach.

    Returns:
        The number of audits, or None if more than a million would be required.
    """

    def reaches_bound(more: int) -> bool:
        return log_e(disagreed + rate * more, audits + more) >= bound

    if reaches_bound(0):
        return 0
    high = 1
    while not reaches_bound(high):
        high *= 2
        if high > _MAX_AUDITS:
            return None
    return _first_true(reaches_bound, high // 2, high)


def _first_true(predicate: Callable[[int], bool], low: int, high: int) -> int:
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if predicate(middle) else (middle, high)
    return high
