"""Error rate and delay of the guards.

Candidates have every harm at exactly the allowed rate, where an error is most probable,
and are evaluated after every request. The e-value decreases with each request without
harm, so it is sufficient to evaluate it after the requests with harm.
"""

import math
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from tracer_core.stats.sequential.guards import (
    AUDITS_SHARE,
    GuardCount,
    GuardKind,
    first_tripped_guard,
    guard_level,
)

pytestmark = pytest.mark.statistical

CONFIDENCE = 0.95
CANDIDATES = 10_000
QUESTIONS = 20_000
"""Requests of each guard: on average 20 errors, and 1,000 slow requests per path."""
BATCH = 1_000

Flags = NDArray[np.bool_]


def tolerated(rate: float) -> float:
    return rate + 3 * math.sqrt(rate * (1 - rate) / CANDIDATES)


@cache
def trip_counts(guard: GuardKind) -> NDArray[np.int64]:
    """Return the smallest count that trips, for each number of requests."""
    counts = np.zeros(QUESTIONS + 1, np.int64)
    least = 1
    for questions in range(1, QUESTIONS + 1):
        # It never decreases, because a request without harm decreases the e-value.
        while (
            first_tripped_guard({guard: GuardCount(questions, least)}, CONFIDENCE)
            is None
        ):
            if least == questions:
                least = questions + 1
                break
            least += 1
        counts[questions] = least
    return counts


def first_trip(
    guard: GuardKind, rate: float, candidates: int, seed: int
) -> NDArray[np.int64]:
    """Return the request at which the guard of each candidate trips; 0 for never."""
    chance, bounds = np.random.default_rng(seed), trip_counts(guard)
    most = int(QUESTIONS * rate + 8 * math.sqrt(QUESTIONS * rate) + 8)
    batches = [
        _first(chance.geometric(rate, (min(BATCH, candidates), most)), bounds)
        for _ in range(-(-candidates // BATCH))
    ]
    return np.concatenate(batches)


def _first(gaps: NDArray[np.int64], bounds: NDArray[np.int64]) -> NDArray[np.int64]:
    places = np.cumsum(gaps, axis=1)
    assert (places[:, -1] > QUESTIONS).all()
    numbers = np.arange(1, places.shape[1] + 1)
    crossed = (places <= QUESTIONS) & (numbers >= bounds[np.minimum(places, QUESTIONS)])
    first = crossed.argmax(axis=1)
    rows = np.arange(len(places))
    return np.where(crossed[rows, first], places[rows, first], 0)


def test_candidates_at_the_allowed_rates_are_rarely_rolled_back_by_any_guard() -> None:
    any_guard = np.zeros(CANDIDATES, bool)
    for seed, guard in enumerate(GuardKind):
        tripped = first_trip(guard, guard.allowed, CANDIDATES, seed) > 0
        assert tripped.mean() <= tolerated(guard_level(CONFIDENCE)), guard
        any_guard |= tripped
    share = (1 - AUDITS_SHARE) * (1 - CONFIDENCE)
    assert 0 < any_guard.mean() <= tolerated(share)


@pytest.mark.parametrize("guard", [GuardKind.SURROGATE_LEG, GuardKind.TEACHER_LEG])
@pytest.mark.parametrize(("rate", "delay"), [(0.10, 1_000), (0.20, 200)])
def test_a_path_that_is_slow_too_often_trips_within_the_delay(
    guard: GuardKind, rate: float, delay: int
) -> None:
    trips = first_trip(guard, rate, 1_000, seed=9)
    assert (trips > 0).all()
    assert np.quantile(trips, 0.95) <= delay
