"""The pages of the benchmarks show the figures of the dated results."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.certificates.page import PAGES, refreshed
from benchmarks.certificates.results import read_outcomes
from benchmarks.cost_curve.figures import Curve
from benchmarks.cost_curve.page import PAGE, PLOT, write_page, write_plot
from benchmarks.rollout.page import write_page as rollout_rule_page

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


@pytest.fixture(scope="module")
def costs() -> dict[str, Any]:
    folder = Path(__file__).parents[2] / "benchmarks/cost_curve/results"
    newest: dict[str, Any] = json.loads(max(folder.glob("*.json")).read_text())
    return newest


def test_the_page_of_the_cost_curve_shows_what_was_measured(
    costs: dict[str, Any],
) -> None:
    assert PAGE.read_text() == write_page(costs)
    assert PLOT.read_text() == write_plot(costs)


def test_the_page_of_the_rollout_rule_shows_what_was_measured() -> None:
    folder = Path(__file__).parents[2] / "benchmarks/rollout/results"
    figures = json.loads(max(folder.glob("*.json")).read_text())
    page = Path(__file__).parents[2] / "docs/reference/rollout-rule.md"
    assert page.read_text() == rollout_rule_page(figures)


def test_the_cost_of_a_call_falls_with_every_doubling_where_that_is_promised(
    costs: dict[str, Any],
) -> None:
    curves = [Curve(each) for each in costs["streams"]]
    promised = [e for e in curves if e.found["note"] == "" and "BANKING77," in e.name]

    assert len(promised) == 2
    assert [each.name for each in promised if not each.falls] == []
