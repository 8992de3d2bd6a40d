"""A pod's own stop: nothing but gross failure, and a budget in audits."""

import math
import random
from statistics import median

import pytest

from tracer_core.stats.sequential.gross_failure import (
    GROSS_AGREEMENT,
    RUN_LENGTH,
    GrossFailure,
)


def audits_until_stop(rate: float, limit: int, seed: int) -> int | None:
    chance, detector = random.Random(seed), GrossFailure()  # noqa: S311
    for audit in range(1, limit + 1):
        disagreed = chance.random() < rate
        detector = detector.after(disagreed=disagreed, target=0.95)
        if detector.found:
            return audit
    return None


def test_one_audit_adds_one_to_r_on_average_while_the_target_is_kept() -> None:
    detector = GrossFailure()
    for disagreed in (True, False, True):
        detector = detector.after(disagreed=disagreed, target=0.95)
    branches = {
        0.05: detector.after(disagreed=True, target=0.95),
        0.95: detector.after(disagreed=False, target=0.95),
    }
    for before, *after in zip(
        detector.logs, *(each.logs for each in branches.values()), strict=True
    ):
        mean = sum(p * math.exp(log) for p, log in zip(branches, after, strict=True))
        assert mean == pytest.approx(math.exp(before) + 1)


def test_every_alternative_is_three_times_what_the_target_allows() -> None:
    assert min(GROSS_AGREEMENT.rates(0.05)) >= 3 * 0.05
    assert min(GROSS_AGREEMENT.rates(0.02)) >= 3 * 0.02


def test_a_good_surrogate_is_left_alone_over_many_boots() -> None:
    # Ten pods, thirty boots each, at a disagreement that certified ones have.
    stops = [audits_until_stop(0.042, 1000, seed) for seed in range(300)]
    assert not any(stops)


@pytest.mark.parametrize(("rate", "within"), [(0.2, 200), (0.5, 40), (1.0, 10)])
def test_gross_failure_is_found_in_few_audits(rate: float, within: int) -> None:
    delays = [audits_until_stop(rate, 5000, seed) for seed in range(51)]
    assert median(each or 5000 for each in delays) <= within


@pytest.mark.statistical
def test_false_stops_are_no_more_often_than_the_budget_says() -> None:
    # At the boundary itself, with a threshold a thousandth of the real one.
    log_threshold, audits, stops = math.log(RUN_LENGTH / 10_000), 2_000_000, 0
    chance, detector = random.Random(1), GrossFailure()  # noqa: S311
    for _ in range(audits):
        disagreed = chance.random() < 0.05
        detector = detector.after(disagreed=disagreed, target=0.95)
        if GROSS_AGREEMENT.log_mean(detector.logs) >= log_threshold:
            stops, detector = stops + 1, GrossFailure()
    expected = audits / math.exp(log_threshold)
    # The number of stops is at most Poisson with that mean: four deviations above it.
    assert stops <= expected + 4 * math.sqrt(expected)
