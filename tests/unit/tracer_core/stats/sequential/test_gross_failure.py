"""The detector of a pod finds gross failure within a budget of false stops."""

import math
import random
from statistics import median

import pytest

from tracer_core.stats.sequential.gross_failure import (
    GROSS_DISAGREEMENT,
    RUN_LENGTH,
    GrossFailureDetector,
)


def audits_until_stop(rate: float, limit: int, seed: int) -> int | None:
    chance, detector = random.Random(seed), GrossFailureDetector()  # noqa: S311
    for audit in range(1, limit + 1):
        disagreed = chance.random() < rate
        detector = detector.update(disagreed=disagreed, target=0.95)
        if detector.alarm:
            return audit
    return None


def test_one_audit_adds_one_to_r_on_average_at_the_target() -> None:
    detector = GrossFailureDetector()
    for disagreed in (True, False, True):
        detector = detector.update(disagreed=disagreed, target=0.95)
    branches = {
        0.05: detector.update(disagreed=True, target=0.95),
        0.95: detector.update(disagreed=False, target=0.95),
    }
    for before, *after in zip(
        detector.logs, *(branch.logs for branch in branches.values()), strict=True
    ):
        mean = sum(p * math.exp(log) for p, log in zip(branches, after, strict=True))
        assert mean == pytest.approx(math.exp(before) + 1)


def test_every_alternative_is_at_least_three_times_the_allowed_disagreement() -> None:
    assert min(GROSS_DISAGREEMENT.rates(0.05)) >= 3 * 0.05
    assert min(GROSS_DISAGREEMENT.rates(0.02)) >= 3 * 0.02


def test_a_good_surrogate_is_not_stopped_over_many_restarts() -> None:
    # Ten pods with thirty restarts each, at the disagreement of a certified surrogate.
    stops = [audits_until_stop(0.042, 1000, seed) for seed in range(300)]
    assert not any(stops)


@pytest.mark.parametrize(("rate", "within"), [(0.2, 200), (0.5, 40), (1.0, 10)])
def test_gross_failure_is_detected_within_few_audits(rate: float, within: int) -> None:
    delays = [audits_until_stop(rate, 5000, seed) for seed in range(51)]
    assert median(delay or 5000 for delay in delays) <= within


@pytest.mark.statistical
def test_false_stops_are_within_the_budget() -> None:
    # At the boundary, with a threshold of one ten-thousandth of the real one.
    log_threshold, audits, stops = math.log(RUN_LENGTH / 10_000), 2_000_000, 0
    chance, detector = random.Random(1), GrossFailureDetector()  # noqa: S311
    for _ in range(audits):
        disagreed = chance.random() < 0.05
        detector = detector.update(disagreed=disagreed, target=0.95)
        if GROSS_DISAGREEMENT.log_mean(detector.logs) >= log_threshold:
            stops, detector = stops + 1, GrossFailureDetector()
    expected = audits / math.exp(log_threshold)
    # The number of stops is at most Poisson with this mean; allow four deviations.
    assert stops <= expected + 4 * math.sqrt(expected)
