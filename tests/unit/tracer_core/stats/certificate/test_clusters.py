"""Tests of agreement per request with sessions as units."""

import math
from collections import Counter
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer_core.stats.certificate.clusters import (
    BettingStrategy,
    cluster_p_value,
    declare_betting_strategy,
)
from tracer_core.stats.certificate.fixed_sequence import Chain, ChainCounts, run_tests

TARGET = 0.9
SESSIONS = st.lists(
    st.integers(0, 5).flatmap(
        lambda rows: st.builds(ChainCounts, st.integers(0, rows), st.just(rows))
    ),
    max_size=40,
)
BETS = st.floats(0, 0.19).map(lambda stake: BettingStrategy(stake, 5))


@given(units=SESSIONS, bet=BETS)
def test_a_p_value_is_a_probability(
    units: list[ChainCounts], bet: BettingStrategy
) -> None:
    assert 0 < cluster_p_value(units, TARGET, bet) <= 1


@given(units=SESSIONS, bet=BETS)
def test_one_more_error_never_decreases_the_p_value(
    units: list[ChainCounts], bet: BettingStrategy
) -> None:
    better = cluster_p_value([*units, ChainCounts(3, 3)], TARGET, bet)
    assert better <= cluster_p_value([*units, ChainCounts(2, 3)], TARGET, bet)


@given(units=SESSIONS, bet=BETS)
def test_sessions_without_accepted_rows_have_no_effect(
    units: list[ChainCounts], bet: BettingStrategy
) -> None:
    more = [*units, ChainCounts(0, 0), ChainCounts(0, 0)]
    assert cluster_p_value(more, TARGET, bet) == cluster_p_value(units, TARGET, bet)


@given(units=SESSIONS, bet=BETS)
def test_sessions_can_be_counted_beforehand(
    units: list[ChainCounts], bet: BettingStrategy
) -> None:
    counted = cluster_p_value(Counter(units), TARGET, bet)
    assert counted == cluster_p_value(units, TARGET, bet)


@pytest.mark.parametrize("stake", [0.05, 0.12, 0.2])
@pytest.mark.parametrize("level", [0.02, 0.1, 0.3])
def test_long_bad_sessions_pass_with_at_most_the_probability_of_the_level(
    stake: float, level: float
) -> None:
    # One row that always agrees, or three rows that agree together in 26 of 30 cases:
    # nine of ten requests agree, but a larger share of the sessions.
    kinds = {
        ChainCounts(1, 1): 0.5,
        ChainCounts(3, 3): 0.5 * 26 / 30,
        ChainCounts(0, 3): 0.5 * 4 / 30,
    }
    disagreeing = kinds[ChainCounts(0, 3)] * 3 / (0.5 * 1 + 0.5 * 3)
    assert disagreeing == pytest.approx(1 - TARGET)
    false = 0.0
    for units in product(kinds, repeat=9):
        if cluster_p_value(units, TARGET, BettingStrategy(stake, 3)) <= level:
            false += math.prod(kinds[unit] for unit in units)
    assert false <= level


def test_the_declared_bet_grows_fastest_on_its_training_rows() -> None:
    units = [ChainCounts(2, 2)] * 95 + [ChainCounts(1, 2)] * 4 + [ChainCounts(0, 2)]
    declared = declare_betting_strategy(units, TARGET, 2)
    best = cluster_p_value(units, TARGET, declared)
    others = (
        BettingStrategy(declared.stake * factor, 2) for factor in (0.7, 0.9, 1.05)
    )
    assert all(cluster_p_value(units, TARGET, bet) > best for bet in others)


def test_the_stake_is_zero_if_training_was_below_the_target() -> None:
    declared = declare_betting_strategy([ChainCounts(4, 5)] * 50, TARGET, 5)
    assert declared.stake == pytest.approx(0.0, abs=1e-9)
    assert cluster_p_value([ChainCounts(5, 5)] * 99, TARGET, declared) > 0.99


def test_a_chain_of_sessions_stops_at_its_first_failure() -> None:
    bet, good, bad = (
        BettingStrategy(0.15, 5),
        [ChainCounts(5, 5)] * 60,
        [ChainCounts(4, 5)] * 60,
    )
    family = [good, bad, good]
    found = run_tests(
        lambda step: cluster_p_value(family[step], TARGET, bet), Chain(0, 2), 0.05
    )
    assert (found.passed, found.steps, found.whole) == (0, 1, False)


def test_a_p_value_of_nan_does_not_pass() -> None:
    assert run_tests(lambda _step: math.nan, Chain(0, 0), 0.05).passed is None


def test_a_session_longer_than_the_bet_is_rejected() -> None:
    with pytest.raises(ValueError, match="a session of 6 rows"):
        cluster_p_value([ChainCounts(6, 6)], TARGET, BettingStrategy(0.1, 5))


@pytest.mark.parametrize(("stake", "longest"), [(0.2, 5), (-0.1, 1), (0.1, 0)])
def test_a_bet_that_could_lose_all_wealth_is_rejected(
    stake: float, longest: int
) -> None:
    with pytest.raises(ValueError, match="must be at least 1, and stake"):
        BettingStrategy(stake, longest)
