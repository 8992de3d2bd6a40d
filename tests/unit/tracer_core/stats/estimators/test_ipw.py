"""Rates over the traffic from the uniform sample."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracer_core.stats.binomial import clopper_pearson_interval
from tracer_core.stats.estimators.ipw import (
    Dependence,
    WeightedRate,
    WeightedUnit,
    estimate_dependence,
    weighted_rate,
)

UNITS = st.integers(1, 6).flatmap(
    lambda size: st.builds(
        WeightedUnit,
        yes=st.integers(0, size),
        requests=st.just(size),
        propensity=st.sampled_from([0.02, 0.25, 1.0]),
    )
)


def singles(yes: int, rows: int, propensity: float = 1.0) -> list[WeightedUnit]:
    return [WeightedUnit(int(i < yes), 1, propensity) for i in range(rows)]


def test_without_units_nothing_is_known() -> None:
    assert weighted_rate([]) == WeightedRate(None, 0.0, 1.0, 0, 0.0)


def test_a_row_kept_once_in_fifty_stands_for_fifty() -> None:
    found = weighted_rate(singles(30, 40, 0.02) + singles(0, 2_000))
    assert found.value == pytest.approx(30 * 50 / (40 * 50 + 2_000))


def test_a_long_session_counts_for_more() -> None:
    assert weighted_rate(
        [WeightedUnit(9, 9), WeightedUnit(0, 1)]
    ).value == pytest.approx(0.9)


@settings(deadline=None, max_examples=50)
@given(st.lists(UNITS, min_size=1, max_size=40))
def test_the_interval_holds_the_estimate(units: list[WeightedUnit]) -> None:
    found = weighted_rate(units)
    assert found.value is not None
    assert 0 <= found.low <= found.value + 1e-9
    assert found.value - 1e-9 <= found.high <= 1
    assert found.effective_units <= len(units) + 1e-6


@settings(deadline=None, max_examples=30)
@given(yes=st.integers(0, 30), rows=st.integers(30, 60), scale=st.floats(0.01, 1))
def test_a_rate_that_is_the_same_for_all_cancels(
    yes: int, rows: int, scale: float
) -> None:
    found = weighted_rate(singles(yes, rows, scale))
    assert found.low == pytest.approx(weighted_rate(singles(yes, rows)).low, abs=1e-6)


@pytest.mark.parametrize(("yes", "rows"), [(0, 20), (20, 20), (392, 400), (950, 1_000)])
def test_with_equal_weights_it_is_little_wider_than_the_exact_interval(
    yes: int, rows: int
) -> None:
    found, exact = (
        weighted_rate(singles(yes, rows)),
        clopper_pearson_interval(yes, rows, 0.05),
    )
    assert found.low <= exact[0] + 1e-3
    assert found.high >= exact[1] - 1e-3
    assert found.high - found.low <= 1.35 * (exact[1] - exact[0])


@settings(deadline=None, max_examples=25)
@given(rows=st.integers(1, 25), truth=st.floats(0.02, 0.98), level=st.floats(0.02, 0.3))
def test_with_equal_weights_it_covers_as_often_as_it_says_exactly(
    rows: int, truth: float, level: float
) -> None:
    covering = 0.0
    for yes in range(rows + 1):
        found = weighted_rate(singles(yes, rows), level)
        if found.low <= truth <= found.high:
            one = math.comb(rows, yes) * truth**yes
            covering += one * (1 - truth) ** (rows - yes)
    assert covering >= 1 - level - 1e-9


def test_independent_rows_have_no_design_effect() -> None:
    found = estimate_dependence(singles(95, 100))
    assert found.design_effect == pytest.approx(1.0, abs=0.02)
    assert found.intraclass == 0.0


def test_copies_of_one_outcome_count_once() -> None:
    found = estimate_dependence([WeightedUnit(5, 5)] * 90 + [WeightedUnit(0, 5)] * 10)
    assert found.intraclass == pytest.approx(1.0)
    assert found.design_effect == pytest.approx(5.0, rel=0.02)
    assert found.effective_rows == pytest.approx(100, rel=0.02)


def test_where_nothing_varies_nothing_is_said_about_dependence() -> None:
    assert estimate_dependence([WeightedUnit(3, 3)] * 4) == Dependence(12, 4, 1.0, 0.0)
    assert estimate_dependence([]).effective_rows == 0.0


@pytest.mark.parametrize(
    ("yes", "requests", "propensity", "what"),
    [(3, 2, 1.0, "not a share"), (0, 0, 1.0, "not a share"), (1, 1, 0.0, "a coin")],
)
def test_what_cannot_be_a_sampled_session_is_refused(
    yes: float, requests: int, propensity: float, what: str
) -> None:
    with pytest.raises(ValueError, match=what):
        WeightedUnit(yes, requests, propensity)
