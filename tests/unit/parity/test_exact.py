"""The exact binomial test."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer_router.parity.exact import lower_bound, p_value, rows_without_error


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


def test_no_rows_are_no_evidence() -> None:
    assert p_value(0, 0, 0.9) == 1.0


@given(rows=st.integers(1, 500), share=st.floats(0, 1), level=st.floats(0.001, 0.5))
def test_the_lower_bound_is_where_the_test_just_passes(
    rows: int, share: float, level: float
) -> None:
    agreed = max(1, round(share * rows))
    bound = lower_bound(agreed, rows, level)
    assert p_value(agreed, rows, bound) == pytest.approx(level)


@pytest.mark.parametrize(
    ("target", "level", "rows"), [(0.95, 0.05, 59), (0.9, 0.1, 22), (0.99, 0.01, 459)]
)
def test_the_fewest_rows_that_can_pass_are_those_of_a_faultless_test(
    target: float, level: float, rows: int
) -> None:
    assert rows_without_error(target, level) == rows
    assert p_value(rows, rows, target) <= level < p_value(rows - 1, rows - 1, target)


def test_more_agreements_than_rows_are_no_count() -> None:
    with pytest.raises(ValueError, match="not a count"):
        p_value(3, 2, 0.9)
