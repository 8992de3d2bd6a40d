"""E-processes on audit counts: valid at every look, whenever one stops.

Each is a mixture of likelihood ratios over fixed alternatives, a function of two counts
only. Under its null hypothesis it exceeds 1/alpha ever with probability at most alpha
(Ville's inequality), however often one looks and whatever makes one stop.

Assumed: whatever came before, the next audit disagrees with a probability on the
null's side of the boundary. Audits may depend on each other and the probability may
move, as long as it stays there; audits of one session do not satisfy it, so one a
session counts.
Claimed: agreement over the audits seen, not over the future (that is `drift`).

Sources: Waudby-Smith and Ramdas, "Estimating means of bounded random variables by
betting" (2024); Howard et al., "Time-uniform, nonparametric, nonasymptotic confidence
sequences" (2021).
"""

from collections.abc import Callable

from tracer_core.stats.sequential.mixture import ABOVE, BELOW

__all__ = ["audits_needed", "promotion_log_e", "rollback_log_e"]

_FARTHEST = 1_000_000

LogEValue = Callable[[float, float], float]
"""From disagreements and audits to the logarithm of an e-value."""


def promotion_log_e(
    disagreed: float, audits: float, target: float, margin: float
) -> float:
    """Give the log evidence that agreement is above ``target - margin``.

    Null hypothesis: disagreement is at least ``1 - (target - margin)``.
    """
    ratios = BELOW.log_ratios(disagreed, audits, 1 - (target - margin))
    return BELOW.log_mean(ratios)


def rollback_log_e(disagreed: float, audits: float, target: float) -> float:
    """Give the log evidence that agreement is below the target.

    Null hypothesis: disagreement is at most ``1 - target``.
    """
    return ABOVE.log_mean(ABOVE.log_ratios(disagreed, audits, 1 - target))


def audits_needed(
    log_e: LogEValue, disagreed: float, audits: float, rate: float, bound: float
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
