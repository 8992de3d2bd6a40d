"""The drift detector."""

import math
from functools import reduce
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer_core.stats.sequential.drift_detector import (
    DetectorBatch,
    DriftDetector,
    audits_to_detect,
    drift_threshold,
)

TARGETS = st.floats(0.5, 0.99)
BATCHES = st.integers(0, 40).flatmap(
    lambda audits: st.tuples(st.integers(0, audits), st.just(audits))
)


def after(batches: list[tuple[int, int]], target: float = 0.95) -> DriftDetector:
    return reduce(
        lambda drift, batch: drift.update(DetectorBatch.from_counts(*batch, target)),
        batches,
        DriftDetector(),
    )


@given(target=TARGETS, sizes=st.lists(st.integers(1, 4), min_size=1, max_size=3))
def test_at_the_boundary_r_grows_by_one_per_audit_for_any_batches(
    target: float, sizes: list[int]
) -> None:
    expected = 0.0
    for found in product(*(range(size + 1) for size in sizes)):
        chance = math.prod(
            math.comb(n, z) * (1 - target) ** z * target ** (n - z)
            for z, n in zip(found, sizes, strict=True)
        )
        batches = list(zip(found, sizes, strict=True))
        expected += chance * math.exp(after(batches, target).log_value)
    assert expected == pytest.approx(sum(sizes))


@given(target=TARGETS, audits=st.lists(st.booleans(), max_size=30), cut=st.integers())
def test_batches_of_two_pods_compose_to_the_batch_of_one_pod(
    target: float, audits: list[bool], cut: int
) -> None:
    ones = [DetectorBatch.from_counts(int(audit), 1, target) for audit in audits]
    nothing = DetectorBatch.from_counts(0, 0, target)
    here = cut % (len(ones) + 1)
    first = reduce(DetectorBatch.followed_by, ones[:here], nothing)
    second = reduce(DetectorBatch.followed_by, ones[here:], nothing)
    together = DriftDetector().update(first.followed_by(second))
    assert together.log_value == pytest.approx(
        after([(int(audit), 1) for audit in audits], target).log_value
    )


@given(past=st.lists(BATCHES, max_size=8))
def test_an_empty_batch_changes_nothing(past: list[tuple[int, int]]) -> None:
    assert after([*past, (0, 0)]) == after(past)


@given(past=st.lists(BATCHES, max_size=8), batch=BATCHES)
def test_one_more_disagreement_increases_the_value(
    past: list[tuple[int, int]], batch: tuple[int, int]
) -> None:
    disagreed, audits = batch
    if disagreed < audits:
        worse = after([*past, (disagreed + 1, audits)]).log_value
        assert worse > after([*past, batch]).log_value


def test_a_change_is_detected_after_a_long_good_period() -> None:
    alarm = math.log(1e4)
    good = [(0, 25), (1, 25)] * 200
    bad = [(4, 25)] * 8
    assert after(good).log_value < alarm
    assert after([*good, *bad]).log_value >= alarm


def test_the_threshold_increases_with_the_audits_of_the_router() -> None:
    assert drift_threshold(5_000) == 5_000
    assert drift_threshold(5_000, families=2) == 10_000
    assert drift_threshold(0) == 1


def test_a_larger_loss_is_detected_sooner() -> None:
    delays = [audits_to_detect(0.95, rate, 1e4) for rate in (0.08, 0.10, 0.15, 0.25)]
    assert delays == sorted(delays, reverse=True)
    # Conservative compared with the medians of the seeded simulation in
    # benchmarks/rollout.
    for delay, median in zip(delays, (414, 204, 80, 33), strict=True):
        assert median <= delay <= 2 * median


def test_a_rate_without_loss_is_rejected() -> None:
    with pytest.raises(ValueError, match=r"is not a loss at target 0\.95"):
        audits_to_detect(0.95, 0.04, 1e4)
