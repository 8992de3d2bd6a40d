"""The levels of attempts share one error budget."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer_router.parity.ledger import (
    LedgerEntry,
    level_of,
    level_on_rows_seen,
    passed_attempts,
)

DELTA = 0.05


def test_the_first_attempt_has_half_the_budget() -> None:
    assert level_of(1, DELTA) == DELTA / 2


def test_without_recycling_all_attempts_together_stay_within_the_budget() -> None:
    assert sum(level_of(r, DELTA) for r in range(1, 1000)) == pytest.approx(
        DELTA * (1 - 1 / 1000)
    )


def test_a_wholly_passed_attempt_hands_its_level_on() -> None:
    assert level_of(2, DELTA, {1}) == pytest.approx(DELTA / 6 + DELTA / 2)
    assert level_of(3, DELTA, {1}) == pytest.approx(DELTA / 12)
    assert level_of(3, DELTA, {1, 2}) == pytest.approx(
        DELTA / 12 + DELTA / 6 + DELTA / 2
    )


@given(passed=st.sets(st.integers(1, 30)), attempt=st.integers(1, 30))
def test_no_attempt_has_more_than_the_budget(passed: set[int], attempt: int) -> None:
    assert 0 < level_of(attempt, DELTA, passed) < DELTA


@given(passed=st.sets(st.integers(1, 30)))
def test_attempts_that_hand_nothing_on_spend_at_most_the_budget(
    passed: set[int],
) -> None:
    kept = [level_of(r, DELTA, passed) for r in range(1, 31) if r not in passed]
    assert sum(kept) <= DELTA


def test_only_tested_attempts_whose_chain_passed_hand_on() -> None:
    entries = [
        LedgerEntry(attempt=1, tested=True, chain_passed=True),
        LedgerEntry(attempt=2, tested=True, chain_passed=False),
        LedgerEntry(attempt=3, tested=False, chain_passed=False),
    ]
    assert passed_attempts(entries) == {1}


def test_rows_seen_before_cost_a_bit_for_every_look() -> None:
    assert level_on_rows_seen(1, DELTA) == DELTA / 2
    assert level_on_rows_seen(3, DELTA) == DELTA / 12 / 4


def test_there_is_no_attempt_zero() -> None:
    with pytest.raises(ValueError, match="attempt 0"):
        level_of(0, DELTA)
