"""The exact binomial test."""

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mapie.risk_control.methods import compute_hoeffding_bentkus_p_value

from tracer_core.stats.binomial import (
    clopper_pearson_interval,
    lower_bound,
    max_errors,
    p_value,
    power,
    rows_without_error,
    upper_bound,
)


def tail(agreed: int, rows: int, target: float) -> float:
    terms = range(agreed, rows + 1)
    return sum(
        math.comb(rows, k) * target**k * (1 - target) ** (rows - k) for k in terms
    )


@given(rows=st.integers(0, 60), share=st.floats(0, 1), target=st.floats(0.05, 0.99))
def test_the_p_value_is_the_binomial_tail(
    rows: int, share: float, target: float
) -> None:
    agreed = round(share * rows)
    assert p_value(agreed, rows, target) == pytest.approx(tail(agreed, rows, target))


@given(rows=st.integers(1, 2_000), share=st.floats(0, 1), target=st.floats(0.5, 0.99))
def test_the_p_value_is_that_of_mapie_for_binary_losses(
    rows: int, share: float, target: float
) -> None:
    agreed = max(1, round(share * rows))
    # MAPIE would count one more error if the quotient is rounded up.
    risk = np.array([max((rows - agreed) / rows - 1e-12, 0.0)])
    found = compute_hoeffding_bentkus_p_value(risk, rows, 1 - target, binary=True)
    assert p_value(agreed, rows, target) == pytest.approx(float(found[0, 0]), rel=1e-6)


def test_no_rows_give_no_evidence() -> None:
    assert p_value(0, 0, 0.9) == 1.0


@given(rows=st.integers(1, 500), share=st.floats(0, 1), level=st.floats(0.001, 0.5))
def test_the_test_just_passes_at_the_lower_bound(
    rows: int, share: float, level: float
) -> None:
    agreed = max(1, round(share * rows))
    bound = lower_bound(agreed, rows, level)
    assert p_value(agreed, rows, bound) == pytest.approx(level)


@pytest.mark.parametrize(
    ("target", "level", "rows"), [(0.95, 0.05, 59), (0.9, 0.1, 22), (0.99, 0.01, 459)]
)
def test_the_smallest_number_of_rows_is_that_of_a_test_without_error(
    target: float, level: float, rows: int
) -> None:
    assert rows_without_error(target, level) == rows
    assert p_value(rows, rows, target) <= level < p_value(rows - 1, rows - 1, target)


def test_more_agreements_than_rows_are_rejected() -> None:
    with pytest.raises(ValueError, match="0 <= agreements <= rows"):
        p_value(3, 2, 0.9)


LOG_TWO_PI = (2 * Decimal("3.14159265358979323846264338327950288419716939937510")).ln()
STIRLING = [(12, 1), (-360, 3), (1260, 5), (-1680, 7), (1188, 9)]


def log_factorial(n: int) -> Decimal:
    x = Decimal(n + 1)
    series = sum(1 / (Decimal(divisor) * x**power) for divisor, power in STIRLING)
    return (x - Decimal("0.5")) * x.ln() - x + LOG_TWO_PI / 2 + series


def long_tail(agreed: int, rows: int, target: float) -> Decimal:
    """Return the tail with 40 digits, summed from its largest term on.

    Use it for counts above 1,000.
    """
    with localcontext(prec=40):
        p = Decimal(target)
        term = (
            log_factorial(rows) - log_factorial(agreed) - log_factorial(rows - agreed)
        )
        term = (term + agreed * p.ln() + (rows - agreed) * (1 - p).ln()).exp()
        total, count = Decimal(0), agreed
        while term > total * Decimal("1e-20"):
            total, count = total + term, count + 1
            term *= (rows - count + 1) * p / (count * (1 - p))
    return total


@pytest.mark.parametrize("rows", [10**5, 10**6, 10**8])
@pytest.mark.parametrize("target", [0.5, 0.95, 0.98])
@pytest.mark.parametrize("deviations", [1, 4, 20])
def test_the_p_value_of_large_counts_is_accurate_far_into_the_tail(
    rows: int, target: float, deviations: int
) -> None:
    agreed = math.ceil(
        rows * target + deviations * math.sqrt(rows * target * (1 - target))
    )
    expected = long_tail(agreed, rows, target)
    assert p_value(agreed, rows, target) == pytest.approx(float(expected), rel=1e-9)


@given(rows=st.integers(1, 10**12), target=st.floats(0.5, 0.999), data=st.data())
def test_one_more_agreement_never_increases_the_p_value(
    rows: int, target: float, data: st.DataObject
) -> None:
    agreed = data.draw(st.integers(0, rows - 1))
    assert p_value(agreed + 1, rows, target) <= p_value(agreed, rows, target) * (
        1 + 1e-9
    )


@given(rows=st.integers(1, 300), target=st.floats(0.05, 0.99), x=st.floats(0.001, 0.9))
def test_a_p_value_of_at_most_x_has_at_most_probability_x(
    rows: int, target: float, x: float
) -> None:
    errors = max_errors(rows, target, x)
    size = 0.0 if errors is None else tail(rows - errors, rows, target)
    assert size <= x * (1 + 1e-9)


@given(rows=st.integers(1, 400), target=st.floats(0.05, 0.99), x=st.floats(0.001, 0.5))
def test_one_error_more_than_the_maximum_fails(
    rows: int, target: float, x: float
) -> None:
    errors = max_errors(rows, target, x)
    first_failure = 0 if errors is None else errors + 1
    assert p_value(rows - first_failure, rows, target) > x
    if errors is not None:
        assert p_value(rows - errors, rows, target) <= x


@given(rows=st.integers(1, 500), share=st.floats(0, 1), level=st.floats(0.001, 0.5))
def test_the_upper_bound_mirrors_the_lower_bound(
    rows: int, share: float, level: float
) -> None:
    agreed = round(share * rows)
    mirrored = 1 - lower_bound(rows - agreed, rows, level)
    assert upper_bound(agreed, rows, level) == pytest.approx(mirrored, abs=1e-9)


@given(
    rows=st.integers(1, 200), truth=st.floats(0.01, 0.99), level=st.floats(0.01, 0.3)
)
def test_the_interval_has_its_stated_coverage(
    rows: int, truth: float, level: float
) -> None:
    covering = 0.0
    for agreed in range(rows + 1):
        low, high = clopper_pearson_interval(agreed, rows, level)
        if low <= truth <= high:
            one = math.comb(rows, agreed) * truth**agreed
            covering += one * (1 - truth) ** (rows - agreed)
    assert covering >= 1 - level - 1e-9


def test_power_is_the_probability_to_pass() -> None:
    # 150 rows at 0.95 pass with at most two errors.
    assert max_errors(150, 0.95, 0.05) == 2
    assert power(150, 0.95, 0.05, 0.99) == pytest.approx(tail(148, 150, 0.99))
    assert power(50, 0.95, 0.05, 0.99) == 0.0


@given(target=st.floats(0.05, 0.999), level=st.floats(1e-6, 0.5))
def test_fewer_rows_than_the_minimum_cannot_pass(target: float, level: float) -> None:
    rows = rows_without_error(target, level)
    assert p_value(rows, rows, target) <= level
    assert rows == 1 or p_value(rows - 1, rows - 1, target) > level


def test_the_minimum_of_rows_is_correct_if_the_quotient_is_an_integer() -> None:
    assert [rows_without_error(0.5, 0.5**n) for n in (1, 2, 10, 40)] == [1, 2, 10, 40]


@pytest.mark.parametrize("target", [0.0, 1.0, -0.1, 1.5, math.nan])
def test_a_target_that_cannot_be_tested_is_rejected(target: float) -> None:
    with pytest.raises(ValueError, match="must be between 0 and 1"):
        p_value(3, 4, target)


def test_counts_that_floats_cannot_represent_are_rejected() -> None:
    with pytest.raises(ValueError, match="rows <= 2\\^53"):
        p_value(2**53, 2**53 + 1, 0.9)
