"""The levels of all attempts stay within one error budget.

With recycling, this is shown exactly in two ways: against an adversary with all
information except the fresh rows, and over all outcomes of small binomial tests.
"""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer_core.stats.certificate.attempt_levels import (
    LedgerEntry,
    attempt_level,
    recycled_level,
)
from tracer_core.stats.certificate.fixed_sequence import Chain, ChainCounts, run_chain

DELTA = 0.05


def test_the_first_attempt_has_half_the_budget() -> None:
    assert attempt_level(1, DELTA) == DELTA / 2


def test_without_recycling_all_attempts_stay_within_the_budget() -> None:
    assert sum(attempt_level(r, DELTA) for r in range(1, 1000)) == pytest.approx(
        DELTA * (1 - 1 / 1000)
    )


def test_the_level_of_a_completely_passed_attempt_is_recycled() -> None:
    assert attempt_level(2, DELTA, {1}) == pytest.approx(DELTA / 6 + DELTA / 2)
    assert attempt_level(3, DELTA, {1}) == pytest.approx(DELTA / 12)
    assert attempt_level(3, DELTA, {1, 2}) == pytest.approx(
        DELTA / 12 + DELTA / 6 + DELTA / 2
    )


@given(passed=st.sets(st.integers(1, 30)), attempt=st.integers(1, 30))
def test_no_attempt_has_more_than_the_budget(passed: set[int], attempt: int) -> None:
    assert 0 < attempt_level(attempt, DELTA, passed) < DELTA


@given(passed=st.sets(st.integers(1, 30)))
def test_attempts_that_are_not_recycled_use_at_most_the_budget(
    passed: set[int],
) -> None:
    kept = [attempt_level(r, DELTA, passed) for r in range(1, 31) if r not in passed]
    assert sum(kept) <= DELTA


def test_attempts_are_recycled_if_their_chain_passed_or_they_were_not_tested() -> None:
    entries = [
        LedgerEntry(attempt=1, tested=True, chain_passed=True),
        LedgerEntry(attempt=2, tested=True, chain_passed=False),
        LedgerEntry(attempt=3, tested=False, chain_passed=False),
    ]
    assert recycled_level(entries) == {1, 3}


def test_there_is_no_attempt_zero() -> None:
    with pytest.raises(ValueError, match="attempt 0"):
        attempt_level(0, DELTA)


def worst_case(attempt: int, last: int, passed: frozenset[int]) -> float:
    """Return the maximum probability of any false certificate from an attempt on.

    Given all earlier results, the adversary chooses for every attempt whether its
    policies are good (then it chooses whether they pass) or bad (then they pass with
    exactly the probability of the level), or ends it before its test.
    """
    if attempt > last:
        return 0.0
    level = attempt_level(attempt, DELTA, passed)
    kept = worst_case(attempt + 1, last, passed)
    # A good chain that passes and an attempt that was not tested are both recycled.
    over = worst_case(attempt + 1, last, passed | {attempt})
    bad = level + (1 - level) * kept
    return max(over, kept, bad)


def test_no_adversary_exceeds_the_budget_with_recycled_levels() -> None:
    whole = worst_case(1, 10, frozenset())
    assert 0.04 < whole <= DELTA


def false_from(
    attempt: int, truths: tuple[float, ...], passed: frozenset[int]
) -> float:
    """Return the exact probability of a false certificate with 40 rows per attempt."""
    if attempt > len(truths):
        return 0.0
    rows, target, truth = 40, 0.85, truths[attempt - 1]
    level, total = attempt_level(attempt, 0.3, passed), 0.0
    ahead: dict[bool, float] = {}
    for agreed in range(rows + 1):
        found = run_chain([ChainCounts(agreed, rows)], Chain(0, 0), target, level)
        if found.whole not in ahead:
            then = passed | {attempt} if found.whole else passed
            is_false = found.whole and truth < target
            ahead[found.whole] = (
                1.0 if is_false else false_from(attempt + 1, truths, then)
            )
        chance = (
            math.comb(rows, agreed) * truth**agreed * (1 - truth) ** (rows - agreed)
        )
        total += chance * ahead[found.whole]
    return total


@pytest.mark.parametrize(
    "truths",
    [
        (0.8499,) * 5,
        (0.99, 0.8499, 0.8499, 0.8499),
        (0.99, 0.99, 0.99, 0.8499, 0.8499),
        (0.8499, 0.99, 0.8499, 0.99, 0.8499),
        (0.86, 0.86, 0.86, 0.8499),
    ],
)
def test_small_binomial_tests_err_within_the_budget(
    truths: tuple[float, ...],
) -> None:
    assert 0.01 < false_from(1, truths, frozenset()) <= 0.3
