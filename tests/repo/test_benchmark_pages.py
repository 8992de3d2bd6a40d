"""The pages of the benchmarks show the figures of the dated results."""

from pathlib import Path

import pytest

from benchmarks.certificates.page import PAGES, refreshed
from benchmarks.certificates.results import read_outcomes

RESULTS = sorted(
    (Path(__file__).parents[2] / "benchmarks/results").glob("*-worlds.json")
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_shows_what_was_measured(page: Path) -> None:
    assert page.read_text() == refreshed(page), (
        "run: python -m benchmarks.certificates.page"
    )


@pytest.mark.parametrize("result", RESULTS, ids=lambda path: path.name)
def test_no_kept_result_shows_a_claim_that_is_broken(result: Path) -> None:
    outcomes, about = read_outcomes(result)
    delta = float(str(about["delta"]))
    assert [each.world for each in outcomes if each.breaks(delta)] == []


def test_there_is_a_result_of_the_worlds() -> None:
    assert RESULTS
