"""The drift detector."""

import math
from functools import reduce
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer_core.stats.sequential.drift import (
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
        lambda drift, batch: drift.after(DetectorBatch.batch(*batch, target)),
        batches,
        DriftDetector(),
    )


@given(target=TARGETS, sizes=st.lists(st.integers(1, 4), min_size=1, max_size=3))
def test_at_the_boundary_r_grows_by_one_an_audit_whatever_the_batches(
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
def test_stretches_of_two_pods_compose_to_what_one_would_have_told(
    target: float, audits: list[bool], cut: int
) -> None:
    ones = [DetectorBatch.batch(int(each), 1, target) for each in audits]
    nothing = DetectorBatch.batch(0, 0, target)
    here = cut % (len(ones) + 1)
    first = reduce(DetectorBatch.then, ones[:here], nothing)
    second = reduce(DetectorBatch.then, ones[here:], nothing)
    together = DriftDetector().after(first.then(second))
    assert together.log_value == pytest.approx(
        after([(int(each), 1) for each in audits], target).log_value
    )


@given(past=st.lists(BATCHES, max_size=8))
def test_an_empty_batch_changes_nothing(past: list[tuple[int, int]]) -> None:
    assert after([*past, (0, 0)]) == after(past)


@given(past=st.lists(BATCHES, max_size=8), batch=BATCHES)
def test_a_disagreement_more_raises_the_alarm(
    past: list[tuple[int, int]], batch: tuple[int, int]
) -> None:
    disagreed, audits = batch
    if disagreed < audits:
        worse = after([*past, (disagreed + 1, audits)]).log_value
        assert worse > after([*past, batch]).log_value


def test_a_long_good_past_does_not_blind_it() -> None:
    alarm = math.log(1e4)
    good = [(0, 25), (1, 25)] * 200
    bad = [(4, 25)] * 8
    assert after(good).log_value < alarm
    assert after([*good, *bad]).log_value >= alarm


def test_the_threshold_grows_with_the_audits_of_the_whole_router() -> None:
    assert drift_threshold(5_000) == 5_000
    assert drift_threshold(5_000, families=2) == 10_000
    assert drift_threshold(0) == 1


def test_a_larger_loss_is_detected_sooner() -> None:
    delays = [audits_to_detect(0.95, rate, 1e4) for rate in (0.08, 0.10, 0.15, 0.25)]
    assert delays == sorted(delays, reverse=True)
    # Against medians of the seeded simulation in benchmarks/rollout: on the safe side.
    for delay, median in zip(delays, (414, 204, 80, 33), strict=True):
        assert median <= delay <= 2 * median


def test_what_is_no_loss_cannot_be_detected() -> None:
    with pytest.raises(ValueError, match="is no loss"):
        audits_to_detect(0.95, 0.04, 1e4)
