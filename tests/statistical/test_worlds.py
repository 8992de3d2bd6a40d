"""The worlds of the benchmark in short: is what we certify as good as we say?

The same code as `benchmarks/certificates/worlds.py` with fewer runs. What is tolerated
follows from their number: the promised rate and three standard errors. The naive rules
must fail, or the worlds would prove nothing.
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
    return {each.rule: each for each in outcomes}


def assert_ours_keep_delta(outcomes: list[Outcome]) -> None:
    ours = [each for each in outcomes if each.ours and each.claimed]
    assert all(each.tally.runs == RUNS for each in ours)
    for each in ours:
        assert each.rate <= tolerated(DELTA, each.tally.runs, errors=3), each


@pytest.mark.parametrize("rows", [200, 600])
@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_a_certificate_is_false_no_more_often_than_delta(
    world: World, rows: int
) -> None:
    assert_ours_keep_delta(live(world, rows, RUNS, seeded(1, rows)))


def test_all_attempts_with_levels_handed_on_are_false_no_more_often_than_delta() -> (
    None
):
    assert_ours_keep_delta(live_candidates(400, RUNS, seeded(2), DELTA))


def test_attempts_under_an_incumbent_are_false_no_more_often_than_delta() -> None:
    assert_ours_keep_delta(live_under_incumbent(400, RUNS, seeded(3), DELTA))


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
def test_a_naive_rule_is_caught(world: str, rule: str) -> None:
    place = next(each for each in WORLDS if each.name == world)
    found = named(live(place, 600, RUNS, seeded(4)))[rule]
    assert found.rate > tolerated(DELTA, RUNS, errors=3)


def test_rows_that_came_under_an_incumbent_are_no_sample_of_traffic() -> None:
    found = named(live_under_incumbent(600, RUNS, seeded(5), DELTA))
    assert found["labelled rows as if uniform"].rate > 0.2
    weighted = found["inverse rates put into a binomial"]
    assert weighted.rate > tolerated(found["TracerRouter"].rate, RUNS, errors=3)


def test_good_candidates_are_certified() -> None:
    # Without it a procedure that refuses everything would pass all of the above.
    found = named(live_candidates(600, RUNS, seeded(6), DELTA))["TracerRouter"]
    assert found.tally.certified / RUNS > 0.75
