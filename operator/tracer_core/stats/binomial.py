"""Exact binomial tests of one accept set that was fixed before looking.

For 0/1 agreement nothing is tighter than the exact test, so nothing else is here. The
binomial tail is the regularised incomplete beta function of scipy (Boost), right to
ten digits up to 10^8 rows and without loss in the tail; sums or normal approximations
are not. All functions assume rows that are independent of each other, drawn from the
traffic that the claim is about, and an accept set that owes nothing to them.
"""

import math

from scipy.special import betainc, betaincinv

__all__ = [
    "clopper_pearson_interval",
    "lower_bound",
    "max_errors",
    "p_value",
    "power",
    "rows_without_error",
    "upper_bound",
]

_COUNTABLE = 2**53
"""Above it floats skip whole numbers, and a count would silently be another one."""


def p_value(agreed: int, rows: int, target: float) -> float:
    """Give P(Bin(rows, target) >= agreed): small when agreement beats the target.

    Claim: while true agreement is at most the target, the value is at most x with
    probability at most x, for every x. No rows are no evidence: the value is then 1.
    Assumes: independent rows, a set fixed beforehand.
    Source: Clopper and Pearson, Biometrika 26 (1934).

    Raises:
        ValueError: The counts are no counts, or the target is not between 0 and 1.
    """
    _check(agreed, rows)
    _check_rate(target, "target")
    if agreed == 0:
        return 1.0
    return float(betainc(agreed, rows - agreed + 1, target))


def lower_bound(agreed: int, rows: int, level: float) -> float:
    """Give the Clopper-Pearson lower bound; valid for one set fixed beforehand only.

    Claim: it lies above the true agreement with probability at most `level`.
    Assumes: independent rows, a set fixed beforehand; never print it of a set that was
    chosen on the same rows.
    Source: Clopper and Pearson, Biometrika 26 (1934).
    """
    _check(agreed, rows)
    _check_rate(level, "level")
    if agreed == 0:
        return 0.0
    return float(betaincinv(agreed, rows - agreed + 1, level))


def upper_bound(agreed: int, rows: int, level: float) -> float:
    """Give the Clopper-Pearson upper bound: the lower bound of the opposite.

    Claim: it lies below the true agreement with probability at most `level`.
    Assumes and source: as `lower_bound`.
    """
    _check(agreed, rows)
    _check_rate(level, "level")
    if agreed == rows:
        return 1.0
    return float(betaincinv(agreed + 1, rows - agreed, 1 - level))


def clopper_pearson_interval(
    agreed: int, rows: int, level: float
) -> tuple[float, float]:
    """Give the Clopper-Pearson interval, half of the level on each side.

    Claim: it misses the true agreement with probability at most `level`.
    Assumes and source: as `lower_bound`.
    """
    half = level / 2
    return lower_bound(agreed, rows, half), upper_bound(agreed, rows, half)


def rows_without_error(target: float, level: float) -> int:
    """Give the fewest rows that can pass at all: those of a test without an error.

    Claim: the least n with target^n <= level, as `p_value` computes it.
    Source: the binomial tail at k = n.
    """
    _check_rate(target, "target")
    _check_rate(level, "level")
    rows = math.ceil(math.log(level) / math.log(target))
    # The quotient of two rounded logarithms may land on the wrong side of a whole one.
    while p_value(rows, rows, target) > level:
        rows += 1
    while rows > 1 and p_value(rows - 1, rows - 1, target) <= level:
        rows -= 1
    return rows


def max_errors(rows: int, target: float, level: float) -> int | None:
    """Give the most errors with which so many rows still pass; none when none do.

    Claim: a test of `rows` rows passes at `level` exactly if it has no more errors.
    Source: `p_value` grows with the errors, so the edge is found by halving.
    """
    _check_rate(level, "level")
    if p_value(rows, rows, target) > level:
        return None
    passes, fails = 0, rows
    while fails - passes > 1:
        middle = (passes + fails) // 2
        if p_value(rows - middle, rows, target) <= level:
            passes = middle
        else:
            fails = middle
    return passes


def power(rows: int, target: float, level: float, agreement: float) -> float:
    """Give the probability that so many rows pass if agreement truly is as given.

    Claim: exact for independent rows; a forecast, never part of a certificate.
    Source: the binomial tail at the edge that `max_errors` finds.
    """
    errors = max_errors(rows, target, level)
    return 0.0 if errors is None else p_value(rows - errors, rows, agreement)


def _check(agreed: int, rows: int) -> None:
    if not 0 <= agreed <= rows <= _COUNTABLE:
        raise ValueError(f"{agreed} agreements in {rows} rows: not a count")


def _check_rate(value: float, name: str) -> None:
    # Written so that a value that is not a number is refused as well.
    if not 0 < value < 1:
        raise ValueError(f"a {name} of {value}: it must lie between 0 and 1")
