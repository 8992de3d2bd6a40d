"""The alternatives that all e-processes bet on."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer_core.stats.sequential.mixture import ABOVE, BELOW, RateMixture, log_add

LOGS = st.floats(-50, 50) | st.just(-math.inf)


@given(boundary=st.floats(0.001, 0.999))
def test_alternatives_are_on_one_side_of_every_boundary(boundary: float) -> None:
    assert all(0 < rate < boundary for rate in BELOW.rates(boundary))
    assert all(boundary < rate < 1 for rate in ABOVE.rates(boundary))


@given(logs=st.lists(LOGS, min_size=2, max_size=2))
def test_the_mean_is_the_weighted_mean(logs: list[float]) -> None:
    mixture = RateMixture((2.0, 3.0), (1, 3))
    mean = (math.exp(logs[0]) + 3 * math.exp(logs[1])) / 4
    assert math.exp(mixture.log_mean(logs)) == pytest.approx(mean)


@given(first=LOGS, second=LOGS)
def test_log_add_is_the_log_of_the_sum(first: float, second: float) -> None:
    assert math.exp(log_add(first, second)) == pytest.approx(
        math.exp(first) + math.exp(second)
    )
