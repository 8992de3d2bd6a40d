"""Rates over the traffic, estimated from the uniform sample."""

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
        positives=st.integers(0, size),
        requests=st.just(size),
        propensity=st.sampled_from([0.02, 0.25, 1.0]),
    )
)


def singles(positives: int, rows: int, propensity: float = 1.0) -> list[WeightedUnit]:
    return [WeightedUnit(int(i < positives), 1, propensity) for i in range(rows)]


def test_without_units_the_interval_is_the_unit_interval() -> None:
    assert weighted_rate([]) == WeightedRate(None, 0.0, 1.0, 0, 0.0)


def test_a_row_with_rate_one_in_fifty_represents_fifty_rows() -> None:
    found = weighted_rate(singles(30, 40, 0.02) + singles(0, 2_000))
    assert found.value == pytest.approx(30 * 50 / (40 * 50 + 2_000))


def test_a_long_session_has_more_weight() -> None:
    assert weighted_rate(
        [WeightedUnit(9, 9), WeightedUnit(0, 1)]
    ).value == pytest.approx(0.9)


@settings(deadline=None, max_examples=50)
@given(st.lists(UNITS, min_size=1, max_size=40))
def test_the_interval_contains_the_estimate(units: list[WeightedUnit]) -> None:
    found = weighted_rate(units)
    assert found.value is not None
    assert 0 <= found.low <= found.value + 1e-9
    assert found.value - 1e-9 <= found.high <= 1
    assert found.effective_units <= len(units) + 1e-6


@settings(deadline=None, max_examples=30)
@given(positives=st.integers(0, 30), rows=st.integers(30, 60), scale=st.floats(0.01, 1))
def test_equal_sampling_rates_cancel(positives: int, rows: int, scale: float) -> None:
    found = weighted_rate(singles(positives, rows, scale))
    assert found.low == pytest.approx(
        weighted_rate(singles(positives, rows)).low, abs=1e-6
    )


@pytest.mark.parametrize(
    ("positives", "rows"), [(0, 20), (20, 20), (392, 400), (950, 1_000)]
)
def test_with_equal_weights_the_interval_is_slightly_wider_than_the_exact_one(
    positives: int, rows: int
) -> None:
    found, exact = (
        weighted_rate(singles(positives, rows)),
        clopper_pearson_interval(positives, rows, 0.05),
    )
    assert found.low <= exact[0] + 1e-3
    assert found.high >= exact[1] - 1e-3
    assert found.high - found.low <= 1.35 * (exact[1] - exact[0])


@settings(deadline=None, max_examples=25)
@given(rows=st.integers(1, 25), truth=st.floats(0.02, 0.98), level=st.floats(0.02, 0.3))
def test_with_equal_weights_the_interval_has_its_stated_coverage(
    rows: int, truth: float, level: float
) -> None:
    covering = 0.0
    for positives in range(rows + 1):
        found = weighted_rate(singles(positives, rows), level)
        if found.low <= truth <= found.high:
            one = math.comb(rows, positives) * truth**positives
            covering += one * (1 - truth) ** (rows - positives)
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


def test_without_variation_no_dependence_is_estimated() -> None:
    assert estimate_dependence([WeightedUnit(3, 3)] * 4) == Dependence(12, 4, 1.0, 0.0)
    assert estimate_dependence([]).effective_rows == 0.0


@pytest.mark.parametrize(
    ("positives", "requests", "propensity", "message"),
    [
        (3, 2, 1.0, "positives <= requests"),
        (0, 0, 1.0, "at least 1 request"),
        (1, 1, 0.0, "propensity is 0.0"),
    ],
)
def test_an_invalid_session_is_rejected(
    positives: float, requests: int, propensity: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        WeightedUnit(positives, requests, propensity)
