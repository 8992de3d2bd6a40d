"""Error rates of the estimates that accompany a certificate."""

import math

import numpy as np
import pytest

from benchmarks.certificates.results import tolerated
from tracer_core.stats.certificate.badges import Correction, award_badges
from tracer_core.stats.certificate.ceiling import RepeatCalls, repeat_ceiling
from tracer_core.stats.certificate.fixed_sequence import Chain, ChainCounts, run_chain
from tracer_core.stats.estimators.ipw import (
    WeightedUnit,
    estimate_dependence,
    weighted_rate,
)

pytestmark = pytest.mark.statistical

LEVEL = 0.05


def sampled(
    chance: np.random.Generator, sessions: int, phases: list[tuple[float, float]]
) -> list[WeightedUnit]:
    """Return a uniform sample of phases, each with a sampling rate and an agreement."""
    units = []
    for propensity, agreement in phases:
        sizes = chance.integers(1, 5, sessions)
        chosen = chance.random(sessions) < propensity
        rates = chance.beta(4 * agreement, 4 * (1 - agreement), sessions)
        positives = chance.binomial(sizes, rates)
        units += [
            WeightedUnit(float(y), int(s), propensity)
            for y, s, is_chosen in zip(positives, sizes, chosen, strict=True)
            if is_chosen
        ]
    return units


@pytest.mark.parametrize(
    "phases",
    [
        [(0.05, 0.95)],
        [(0.02, 0.95), (1.0, 0.95)],
        [(0.05, 0.93), (0.5, 0.97), (0.1, 0.95)],
    ],
)
def test_the_interval_of_a_weighted_rate_covers_the_rate_of_all_phases(
    phases: list[tuple[float, float]],
) -> None:
    chance, runs = np.random.default_rng(21), 300
    truth = sum(agreement for _, agreement in phases) / len(phases)
    missed = 0
    for _ in range(runs):
        found = weighted_rate(sampled(chance, 600, phases), LEVEL)
        missed += not found.low <= truth <= found.high
    assert missed / runs <= tolerated(LEVEL, runs, errors=3)


def test_the_estimate_of_the_intraclass_correlation_is_unbiased() -> None:
    chance, found = np.random.default_rng(22), []
    for _ in range(200):
        rates = chance.beta(0.9, 0.1, 160)  # correlation 1 / (0.9 + 0.1 + 1)
        units = [WeightedUnit(float(y), 5) for y in chance.binomial(5, rates)]
        found.append(estimate_dependence(units))
    error = np.std([estimate.intraclass for estimate in found]) / math.sqrt(200)
    assert np.mean([estimate.intraclass for estimate in found]) == pytest.approx(
        0.5, abs=4 * error + 0.01
    )
    assert np.mean([estimate.design_effect for estimate in found]) == pytest.approx(
        3.0, abs=0.1
    )


@pytest.mark.parametrize("correction", list(Correction))
def test_any_false_badge_is_at_most_as_frequent_as_its_level(
    correction: Correction,
) -> None:
    # Half of the cells are just below the floor at the served step.
    chance, runs, floor, false = np.random.default_rng(23), 1_500, 0.9, 0
    inner, outer = 150, 100
    rates = np.array([0.8999, 0.99] * 3)
    for _ in range(runs):
        first = chance.binomial(inner, rates)
        second = first + chance.binomial(outer, rates)
        cells = {
            str(cell): [ChainCounts(int(a), inner), ChainCounts(int(b), inner + outer)]
            for cell, (a, b) in enumerate(zip(first, second, strict=True))
        }
        pooled = [
            ChainCounts(int(first.sum()), 6 * inner),
            ChainCounts(int(second.sum()), 6 * (inner + outer)),
        ]
        result = run_chain(pooled, Chain(0, 1), 0.9, 0.05)
        badges = award_badges(cells, Chain(0, 1), result, floor, LEVEL, correction)
        false += any(b.awarded and int(b.cell) % 2 == 0 for b in badges)
    assert false / runs <= tolerated(LEVEL, runs, errors=3)


def test_the_ceiling_is_too_low_at_most_as_often_as_its_level() -> None:
    # Every request has the same two answers, so the root of rho is a tight bound.
    chance, runs, top = np.random.default_rng(24), 4_000, 0.93
    same = top**2 + (1 - top) ** 2
    too_low = 0
    for _ in range(runs):
        pairs = int(chance.binomial(400, same))
        too_low += (
            repeat_ceiling(RepeatCalls(pairs, 400 - pairs), LEVEL).agreement < top
        )
    assert too_low / runs <= tolerated(LEVEL, runs, errors=3)
