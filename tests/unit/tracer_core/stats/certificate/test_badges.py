"""Badges of cells, compared with the corrections of MAPIE."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapie.risk_control.fwer_control import control_fwer

from tracer_core.stats.binomial import p_value
from tracer_core.stats.certificate.badges import (
    CellBadge,
    Correction,
    award_badges,
    bonferroni,
    holm,
    worst_p_value,
)
from tracer_core.stats.certificate.fixed_sequence import (
    Chain,
    ChainCounts,
    ChainResult,
    run_chain,
)

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12)
LEVELS = st.floats(0.001, 0.5)
GOOD, WEAK = ChainCounts(100, 100), ChainCounts(60, 100)


@settings(deadline=None)
@given(p_values=P_VALUES, level=LEVELS)
def test_bonferroni_passes_the_same_tests_as_mapie(
    p_values: list[float], level: float
) -> None:
    expected = control_fwer(np.array(p_values), level, fwer_method="bonferroni")
    assert list(np.flatnonzero(bonferroni(p_values, level))) == list(expected)


@settings(deadline=None)
@given(p_values=P_VALUES, level=LEVELS)
def test_holm_passes_the_same_tests_as_mapie(
    p_values: list[float], level: float
) -> None:
    expected = control_fwer(np.array(p_values), level, fwer_method="bonferroni_holm")
    assert list(np.flatnonzero(holm(p_values, level))) == list(expected)


@given(p_values=P_VALUES, level=LEVELS)
def test_holm_passes_everything_that_bonferroni_passes(
    p_values: list[float], level: float
) -> None:
    both = zip(bonferroni(p_values, level), holm(p_values, level), strict=True)
    assert all(second or not first for first, second in both)


def test_a_cell_has_the_p_value_of_its_worst_step() -> None:
    steps = [GOOD, WEAK, GOOD]
    assert worst_p_value(steps, 0.9) == p_value(60, 100, 0.9)
    assert worst_p_value([], 0.9) == 1.0
    assert worst_p_value([GOOD, ChainCounts(0, 0)], 0.9) == 1.0


def test_a_step_after_the_served_one_affects_only_holm() -> None:
    chain = Chain(1, 2)
    stopped = ChainResult(passed=1, p_values=(0.01, 0.9), whole=False)
    cells = {"refund": [WEAK, GOOD, WEAK]}
    good, weak = p_value(100, 100, 0.9), p_value(60, 100, 0.9)
    assert award_badges(cells, chain, stopped, 0.9, 0.1) == (
        CellBadge("refund", good, awarded=True),
    )
    assert award_badges(cells, chain, stopped, 0.9, 0.1, Correction.HOLM) == (
        CellBadge("refund", weak, awarded=False),
    )


def test_no_badge_is_awarded_if_nothing_is_served() -> None:
    failed = ChainResult(passed=None, p_values=(0.9,), whole=False)
    found = award_badges({"refund": [GOOD]}, Chain(0, 0), failed, 0.9, 0.1)
    assert found == (CellBadge("refund", 1.0, awarded=False),)


def test_without_cells_there_are_no_badges() -> None:
    passed = ChainResult(passed=0, p_values=(0.01,), whole=True)
    assert award_badges({}, Chain(0, 0), passed, 0.9, 0.1) == ()


def chance(agreed: int, rows: int, truth: float) -> float:
    return math.comb(rows, agreed) * truth**agreed * (1 - truth) ** (rows - agreed)


@pytest.mark.parametrize("correction", list(Correction))
@pytest.mark.parametrize("weak", [(0.79, 0.99), (0.99, 0.70), (0.75, 0.79)])
def test_a_false_badge_has_at_most_the_probability_of_its_level(
    correction: Correction, weak: tuple[float, float]
) -> None:
    """Enumerate two steps of two cells, with the served step from the same rows."""
    inner, outer, floor, level = (7, 7), (6, 6), 0.8, 0.15
    rates = [weak, (0.95, 0.95)]
    chain, false = Chain(0, 1), 0.0
    for found in product(*(range(n + 1) for n in (*inner, *outer))):
        cells = {
            str(c): [
                ChainCounts(found[c], inner[c]),
                ChainCounts(found[c] + found[c + 2], inner[c] + outer[c]),
            ]
            for c in (0, 1)
        }
        pooled = [ChainCounts(found[0] + found[1], 14), ChainCounts(sum(found), 26)]
        result = run_chain(pooled, chain, floor, 0.4)
        badges = award_badges(cells, chain, result, floor, level, correction)
        if any(b.awarded and served_rate(rates, b, result) < floor for b in badges):
            false += math.prod(
                chance(found[c], inner[c], rates[c][0])
                * chance(found[c + 2], outer[c], rates[c][1])
                for c in (0, 1)
            )
    assert false <= level


def served_rate(
    rates: list[tuple[float, float]], badge: CellBadge, result: ChainResult
) -> float:
    first, second = rates[int(badge.cell)]
    return first if result.passed == 0 else (7 * first + 6 * second) / 13
