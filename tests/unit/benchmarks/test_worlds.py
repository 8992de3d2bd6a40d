"""The worlds of the benchmark are what they say they are."""

import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks.certificates.catalogue import DELTA, worlds_of_one_attempt
from benchmarks.certificates.results import (
    Outcome,
    Tally,
    read_outcomes,
    table_of,
    tolerated,
    write_outcomes,
)
from benchmarks.certificates.rules import Terms, count_steps, fixed_sequence
from benchmarks.certificates.traffic import (
    BINS,
    Incumbent,
    Population,
    Sample,
    lay_out,
    lay_out_attempts,
)
from tracer_core.stats.certificate.fixed_sequence import Chain, ChainCounts

WORLDS = worlds_of_one_attempt()


def test_no_policy_of_a_flat_world_reaches_the_target() -> None:
    flat = [world for world in WORLDS if "informative" not in world.name]
    assert all((world.truth < world.target).all() for world in flat)


def test_in_the_informative_world_some_policies_are_good_and_some_are_not() -> None:
    world = next(world for world in WORLDS if "informative" in world.name)
    assert world.truth[-1] == pytest.approx(0.923, abs=0.001)
    assert world.truth[0] > world.target > world.truth[-1]


@pytest.mark.parametrize("key", ["session", "text"])
def test_the_split_lets_one_row_of_a_group_certify(key: str) -> None:
    group = np.repeat(np.arange(200), 5)
    layout = lay_out(group, 60, 3, key)
    assert len(layout.certify) == 60
    assert len(set(layout.member[layout.certify].tolist())) == 60
    assert set(layout.sizes.tolist()) == {5}


def test_only_rows_that_the_coin_hit_certify_under_an_incumbent() -> None:
    incumbent = Incumbent(accepts=1.0, audits=0.5, coin=0.1)
    windows = lay_out_attempts(incumbent, 3, 50, 3)
    assert [len(window.certify) for window in windows] == [50, 50, 50]
    assert all(window.heads[window.certify].all() for window in windows)
    assert 0.1 < np.concatenate([w.heads for w in windows]).mean() < 0.25
    # All rows are answered, so what is labelled has the audits' or the coin's chance.
    assert {float(p) for w in windows for p in w.propensity} == {0.1 + 0.9 * 0.5}


def test_steps_are_counted_from_the_most_trusted_bin_on() -> None:
    sample = Sample(np.array([0, 2, 2]), np.array([True, False, True]))
    steps = count_steps(sample)
    assert len(steps) == BINS
    assert steps[:3] == [ChainCounts(1, 1), ChainCounts(1, 1), ChainCounts(2, 3)]
    assert steps[-1] == ChainCounts(2, 3)


def test_a_policy_that_is_good_throughout_is_served_whole() -> None:
    chance = np.random.default_rng(5)
    sample = Population.flat(1.0).draw(chance, 400)
    terms = Terms(0.95, DELTA, Chain(BINS // 2, BINS - 1))
    assert fixed_sequence(sample, terms, chance) == BINS - 1


def outcome(false: int, *, ours: bool = True, claimed: bool = True) -> Outcome:
    tally = Tally(runs=1_000, certified=500, false=false)
    return Outcome("a world", 200, "a rule", ours, claimed, tally)


def test_the_bar_is_delta_and_two_standard_errors() -> None:
    assert tolerated(0.05, 10_000) == pytest.approx(0.05 + 2 * math.sqrt(0.0475) / 100)
    assert outcome(63).keeps(DELTA)
    assert not outcome(64).keeps(DELTA)


@pytest.mark.parametrize(
    ("one", "mark"),
    [
        (outcome(10), "holds"),
        (outcome(90), "**broken**"),
        (outcome(90, claimed=False), "not claimed"),
        (outcome(90, ours=False), ""),
    ],
)
def test_the_table_says_whether_a_promise_holds(one: Outcome, mark: str) -> None:
    assert table_of([one], DELTA).splitlines()[-1].split(" | ")[-1].strip(" |") == mark
    assert one.breaks(DELTA) == (mark == "**broken**")


def test_a_result_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    found = [outcome(10), outcome(90, ours=False)]
    write_outcomes(tmp_path / "result.json", found, {"delta": DELTA, "seed": 1})
    assert read_outcomes(tmp_path / "result.json") == (
        found,
        {"delta": DELTA, "seed": 1},
    )
