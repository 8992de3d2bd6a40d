"""Exact binomial tests of one accept set that was fixed before looking.

For 0/1 agreement nothing is tighter than the exact test, so nothing else is here.
"""

import math

from scipy.special import betainc, betaincinv

__all__ = ["lower_bound", "p_value", "rows_without_error"]


def p_value(agreed: int, rows: int, target: float) -> float:
    """Give P(Bin(rows, target) >= agreed): small when agreement beats the target.

    No rows are no evidence: the value is then 1.
    """
    _check(agreed, rows)
    if agreed == 0:
        return 1.0
    return float(betainc(agreed, rows - agreed + 1, target))


def lower_bound(agreed: int, rows: int, level: float) -> float:
    """Give the Clopper-Pearson lower bound; valid for one set fixed beforehand only."""
    _check(agreed, rows)
    if agreed == 0:
        return 0.0
    return float(betaincinv(agreed, rows - agreed + 1, level))


def rows_without_error(target: float, level: float) -> int:
    """Give the fewest rows that can pass at all: those of a test without an error."""
    return math.ceil(math.log(level) / math.log(target))


def _check(agreed: int, rows: int) -> None:
    if not 0 <= agreed <= rows:
        raise ValueError(f"{agreed} agreements in {rows} rows: not a count")
