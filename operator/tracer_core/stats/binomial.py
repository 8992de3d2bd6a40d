"""Exact binomial tests of one accept set that was fixed before its rows were seen.

For 0/1 agreement, the exact test is the tightest, so this module has no other test. The
binomial tail is the regularized incomplete beta function of scipy (Boost), which is
accurate to ten digits for up to 10^8 rows and loses no precision in the tail. Sums and
normal approximations do not have this accuracy. All functions assume rows that are
independent of each other, drawn from the traffic that the claim refers to, and an
accept set that does not depend on them.
"""

import math
from typing import Final

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

_MAX_EXACT_COUNT: Final = 2**53
"""Above this number, not every integer is a float, and a count would change
silently."""


def p_value(agreed: int, rows: int, target: float) -> float:
    """Return P(Bin(rows, target) >= agreed), the p-value of "agreement <= target".

    Claim: while the true agreement is at most the target, the value is at most x with
    probability at most x, for every x. Without rows there is no evidence: the value
    is 1.
    Assumes: independent rows and a set fixed beforehand.
    Source: Clopper and Pearson, Biometrika 26 (1934).

    Args:
        agreed: Number of rows on which the surrogate agreed with the teacher.
        rows: Number of rows.
        target: Agreement to be shown, in (0, 1).

    Returns:
        The p-value in [0, 1].

    Raises:
        ValueError: The counts are negative, contradictory, or too large, or the target
            is not in (0, 1).
    """
    _check_counts(agreed, rows)
    _check_rate(target, "target")
    if agreed == 0:
        return 1.0
    return float(betainc(agreed, rows - agreed + 1, target))


def lower_bound(agreed: int, rows: int, level: float) -> float:
    """Return the Clopper-Pearson lower bound of the agreement.

    Claim: it is above the true agreement with probability at most `level`.
    Assumes: independent rows and one set fixed beforehand. Never report it for a set
    that was chosen on the same rows.
    Source: Clopper and Pearson, Biometrika 26 (1934).

    Args:
        agreed: Number of rows on which the surrogate agreed with the teacher.
        rows: Number of rows.
        level: Error probability of the bound, in (0, 1).

    Returns:
        The bound in [0, 1].

    Raises:
        ValueError: The counts or the level are invalid.
    """
    _check_counts(agreed, rows)
    _check_rate(level, "level")
    if agreed == 0:
        return 0.0
    return float(betaincinv(agreed, rows - agreed + 1, level))


def upper_bound(agreed: int, rows: int, level: float) -> float:
    """Return the Clopper-Pearson upper bound of the agreement.

    It is one minus the lower bound of the disagreement.

    Claim: it is below the true agreement with probability at most `level`.
    Assumes and source: as for `lower_bound`.

    Args:
        agreed: Number of rows on which the surrogate agreed with the teacher.
        rows: Number of rows.
        level: Error probability of the bound, in (0, 1).

    Returns:
        The bound in [0, 1].

    Raises:
        ValueError: The counts or the level are invalid.
    """
    _check_counts(agreed, rows)
    _check_rate(level, "level")
    if agreed == rows:
        return 1.0
    return float(betaincinv(agreed + 1, rows - agreed, 1 - level))


def clopper_pearson_interval(
    agreed: int, rows: int, level: float
) -> tuple[float, float]:
    """Return the Clopper-Pearson interval, with half of the level on each side.

    Claim: it does not contain the true agreement with probability at most `level`.
    Assumes and source: as for `lower_bound`.

    Args:
        agreed: Number of rows on which the surrogate agreed with the teacher.
        rows: Number of rows.
        level: Error probability of the interval, in (0, 1).

    Returns:
        The lower and the upper end, each in [0, 1].

    Raises:
        ValueError: The counts or the level are invalid.
    """
    half = level / 2
    return lower_bound(agreed, rows, half), upper_bound(agreed, rows, half)


def rows_without_error(target: float, level: float) -> int:
    """Return the smallest number of rows that can pass, which is a test without error.

    Claim: the smallest n with target^n <= level, as `p_value` computes it.
    Source: the binomial tail at k = n.

    Args:
        target: Agreement to be shown, in (0, 1).
        level: Error probability of the test, in (0, 1).

    Returns:
        The number of rows, at least 1.

    Raises:
        ValueError: The target or the level is not in (0, 1).
    """
    _check_rate(target, "target")
    _check_rate(level, "level")
    rows = math.ceil(math.log(level) / math.log(target))
    # The quotient of two rounded logarithms can be on the wrong side of an integer.
    while p_value(rows, rows, target) > level:
        rows += 1
    while rows > 1 and p_value(rows - 1, rows - 1, target) <= level:
        rows -= 1
    return rows


def max_errors(rows: int, target: float, level: float) -> int | None:
    """Return the largest number of errors with which a test still passes.

    Claim: a test of `rows` rows passes at `level` exactly if it has at most this many
    errors.
    Source: `p_value` increases with the errors, so bisection finds the threshold.

    Args:
        rows: Number of rows.
        target: Agreement to be shown, in (0, 1).
        level: Error probability of the test, in (0, 1).

    Returns:
        The number of errors, or None if the test does not pass without errors.

    Raises:
        ValueError: The count, the target, or the level is invalid.
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
    """Return the probability that a test passes for a given true agreement.

    Claim: exact for independent rows. It is a forecast, and never part of a
    certificate.
    Source: the binomial tail at the threshold of `max_errors`.

    Args:
        rows: Number of rows.
        target: Agreement to be shown, in (0, 1).
        level: Error probability of the test, in (0, 1).
        agreement: Assumed true agreement, in (0, 1).

    Returns:
        The probability in [0, 1].

    Raises:
        ValueError: An argument is outside of its range.
    """
    errors = max_errors(rows, target, level)
    return 0.0 if errors is None else p_value(rows - errors, rows, agreement)


def _check_counts(agreed: int, rows: int) -> None:
    if not 0 <= agreed <= rows <= _MAX_EXACT_COUNT:
        raise ValueError(
            f"{agreed} agreements in {rows} rows: must satisfy 0 <= agreements <= rows"
            " <= 2^53"
        )


def _check_rate(value: float, name: str) -> None:
    # Written so that NaN is rejected as well.
    if not 0 < value < 1:
        raise ValueError(f"{name} is {value}: must be between 0 and 1, exclusive")
