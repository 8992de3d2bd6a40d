"""Do the guards trip as seldom as they say, and soon where one leg alone is slow?

Candidates meet every harm at exactly the allowed rate, where an error is most probable,
and are looked at after every question. The value falls with each question without harm,
so only those with harm need looking at: nothing is left out.
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
"""Of each guard; a mean of 20 faults, and of 1,000 slow questions on each leg."""
BATCH = 1_000

Flags = NDArray[np.bool_]


def tolerated(rate: float) -> float:
    return rate + 3 * math.sqrt(rate * (1 - rate) / CANDIDATES)


@cache
def fewest(guard: GuardKind) -> NDArray[np.int64]:
    """Give the fewest harms that trip, for each number of questions."""
    found = np.zeros(QUESTIONS + 1, np.int64)
    least = 1
    for questions in range(1, QUESTIONS + 1):
        # It never falls, as a question without harm speaks for the candidate.
        while (
            first_tripped_guard({guard: GuardCount(questions, least)}, CONFIDENCE)
            is None
        ):
            if least == questions:
                least = questions + 1
                break
            least += 1
        found[questions] = least
    return found


def first_trip(
    guard: GuardKind, rate: float, candidates: int, seed: int
) -> NDArray[np.int64]:
    """Give the question at which the guard of each trips, 0 where it never does."""
    chance, bounds = np.random.default_rng(seed), fewest(guard)
    most = int(QUESTIONS * rate + 8 * math.sqrt(QUESTIONS * rate) + 8)
    at = [
        _first(chance.geometric(rate, (min(BATCH, candidates), most)), bounds)
        for _ in range(-(-candidates // BATCH))
    ]
    return np.concatenate(at)


def _first(gaps: NDArray[np.int64], bounds: NDArray[np.int64]) -> NDArray[np.int64]:
    places = np.cumsum(gaps, axis=1)
    assert (places[:, -1] > QUESTIONS).all()
    numbers = np.arange(1, places.shape[1] + 1)
    crossed = (places <= QUESTIONS) & (numbers >= bounds[np.minimum(places, QUESTIONS)])
    first = crossed.argmax(axis=1)
    rows = np.arange(len(places))
    return np.where(crossed[rows, first], places[rows, first], 0)


def test_candidates_at_the_allowed_rates_are_seldom_rolled_back_for_any_harm() -> None:
    any_guard = np.zeros(CANDIDATES, bool)
    for seed, guard in enumerate(GuardKind):
        fell = first_trip(guard, guard.allowed, CANDIDATES, seed) > 0
        assert fell.mean() <= tolerated(guard_level(CONFIDENCE)), guard
        any_guard |= fell
    share = (1 - AUDITS_SHARE) * (1 - CONFIDENCE)
    assert 0 < any_guard.mean() <= tolerated(share)


@pytest.mark.parametrize("guard", [GuardKind.SURROGATE_LEG, GuardKind.TEACHER_LEG])
@pytest.mark.parametrize(("rate", "soon"), [(0.10, 1_000), (0.20, 200)])
def test_a_leg_that_is_slow_too_often_trips_soon(
    guard: GuardKind, rate: float, soon: int
) -> None:
    at = first_trip(guard, rate, 1_000, seed=9)
    assert (at > 0).all()
    assert np.quantile(at, 0.95) <= soon
