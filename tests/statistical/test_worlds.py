"""The rate of false certificates in the worlds of the benchmark, with fewer runs.

The code is that of `benchmarks/certificates/worlds.py`. The tolerance is the promised
rate plus three standard errors for the number of runs. The naive rules must fail, or
the worlds would show nothing.
"""

import numpy as np
import pytest

from benchmarks.certificates.attempts import live_candidates, live_under_incumbent
from benchmarks.certificates.catalogue import DELTA, worlds_of_one_attempt
from benchmarks.certificates.results import Outcome, tolerated
from benchmarks.certificates.single import World, live

pytestmark = pytest.mark.statistical

RUNS = 600
WORLDS = worlds_of_one_attempt()


def seeded(*parts: int) -> np.random.SeedSequence:
    return np.random.SeedSequence([7, *parts])


def named(outcomes: list[Outcome]) -> dict[str, Outcome]:
    return {outcome.rule: outcome for outcome in outcomes}


def assert_project_rules_keep_delta(outcomes: list[Outcome]) -> None:
    project_rules = [
        outcome for outcome in outcomes if outcome.ours and outcome.claimed
    ]
    assert all(outcome.tally.runs == RUNS for outcome in project_rules)
    for outcome in project_rules:
        limit = tolerated(DELTA, outcome.tally.runs, errors=3)
        assert outcome.rate <= limit, outcome


@pytest.mark.parametrize("rows", [200, 600])
@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_a_certificate_is_false_at_most_at_delta(world: World, rows: int) -> None:
    assert_project_rules_keep_delta(live(world, rows, RUNS, seeded(1, rows)))


def test_all_attempts_with_recycled_levels_are_false_at_most_at_delta() -> None:
    assert_project_rules_keep_delta(live_candidates(400, RUNS, seeded(2), DELTA))


def test_attempts_with_an_incumbent_are_false_at_most_at_delta() -> None:
    assert_project_rules_keep_delta(live_under_incumbent(400, RUNS, seeded(3), DELTA))


@pytest.mark.parametrize(
    ("world", "rule"),
    [
        ("flat, .898 at .90", "scan, each step its own test"),
        ("flat, .898 at .90", "best of many by a second look"),
        ("flat, .898 at .90", "(errors + 1) / (rows + 1)"),
        ("sessions of 5, correlation .5, .948 at .95", "every row counted"),
        ("retries of one text, .948 at .95", "every row counted"),
        ("teacher noise, three copies, .948 at .95", "majority of copies"),
    ],
)
def test_a_naive_rule_exceeds_delta(world: str, rule: str) -> None:
    place = next(place for place in WORLDS if place.name == world)
    found = named(live(place, 600, RUNS, seeded(4)))[rule]
    assert found.rate > tolerated(DELTA, RUNS, errors=3)


def test_rows_with_an_incumbent_are_no_sample_of_traffic() -> None:
    found = named(live_under_incumbent(600, RUNS, seeded(5), DELTA))
    assert found["labelled rows as if uniform"].rate > 0.2
    weighted = found["inverse rates put into a binomial"]
    assert weighted.rate > tolerated(found["TracerRouter"].rate, RUNS, errors=3)


def test_good_candidates_are_certified() -> None:
    # A procedure that refuses everything would pass all other tests.
    found = named(live_candidates(600, RUNS, seeded(6), DELTA))["TracerRouter"]
    assert found.tally.certified / RUNS > 0.75
