"""The interval of the coverage is valid for any served step."""

import numpy as np
import pytest

from tracer_core.stats.binomial import clopper_pearson_interval
from tracer_core.stats.certificate.coverage import coverage_interval

LEVEL = 0.05


def test_one_step_has_the_clopper_pearson_interval() -> None:
    assert coverage_interval(80, 100, 1, LEVEL) == clopper_pearson_interval(
        80, 100, LEVEL
    )


def test_a_longer_chain_has_a_wider_interval() -> None:
    low, high = coverage_interval(80, 100, 1, LEVEL)
    lower, higher = coverage_interval(80, 100, 60, LEVEL)
    assert lower < low < 0.8 < high < higher


def test_a_chain_without_steps_is_rejected() -> None:
    with pytest.raises(ValueError, match="0 steps serves nothing"):
        coverage_interval(0, 10, 0, LEVEL)


def test_the_interval_is_valid_even_if_the_worst_step_is_served() -> None:
    chance, repeats, rows = np.random.default_rng(4), 2_000, 400
    shares = np.linspace(0.3, 0.9, 13)
    missed = 0
    for _ in range(repeats):
        scores = chance.random(rows)
        accepted = [(int((scores < share).sum()), share) for share in shares]
        ends = [(coverage_interval(n, rows, 13, LEVEL), share) for n, share in accepted]
        missed += any(not low <= share <= high for (low, high), share in ends)
    assert missed / repeats <= LEVEL + 3 * (LEVEL * (1 - LEVEL) / repeats) ** 0.5
