"""The fixed-sequence procedure, compared with that of MAPIE."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapie.risk_control.fwer_control import control_fwer

from tracer_core.stats.binomial import p_value
from tracer_core.stats.certificate.fixed_sequence import (
    Chain,
    ChainCounts,
    ChainResult,
    run_chain,
)

COUNTS = st.integers(0, 400).flatmap(
    lambda rows: st.builds(
        ChainCounts, agreed=st.integers(max(0, rows - 40), rows), rows=st.just(rows)
    )
)
FAMILIES = st.lists(COUNTS, min_size=1, max_size=12)
LEVELS = st.floats(0.001, 0.5)


@settings(deadline=None)
@given(family=FAMILIES, level=LEVELS)
def test_the_passed_steps_are_those_that_mapie_rejects(
    family: list[ChainCounts], level: float
) -> None:
    found = run_chain(family, Chain(0, len(family) - 1), 0.9, level)
    p_values = np.array([p_value(c.agreed, c.rows, 0.9) for c in family])
    rejected = control_fwer(
        p_values=p_values, delta=level, fwer_method="fixed_sequence"
    )
    assert list(range(found.steps)) == list(rejected)


@given(family=FAMILIES, level=LEVELS, data=st.data())
def test_steps_outside_the_chain_have_no_effect(
    family: list[ChainCounts], level: float, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(family) - 1))
    end = data.draw(st.integers(start, len(family) - 1))
    inside = run_chain(family[start : end + 1], Chain(0, end - start), 0.9, level)
    whole = run_chain(family, Chain(start, end), 0.9, level)
    assert whole.p_values == inside.p_values
    assert whole.passed == (None if inside.passed is None else inside.passed + start)


@given(family=FAMILIES, level=LEVELS)
def test_every_passed_step_passes_its_own_test_at_the_full_level(
    family: list[ChainCounts], level: float
) -> None:
    found = run_chain(family, Chain(0, len(family) - 1), 0.9, level)
    assert all(value <= level for value in found.p_values[: found.steps])
    assert found.whole == (found.steps == len(family))


def test_a_chain_ends_at_its_first_failure_even_if_a_later_step_would_pass() -> None:
    good, bad = ChainCounts(100, 100), ChainCounts(80, 100)
    found = run_chain([good, good, bad, good], Chain(0, 3), 0.9, 0.05)
    values = tuple(p_value(c.agreed, c.rows, 0.9) for c in (good, good, bad))
    assert found == ChainResult(passed=1, p_values=values, whole=False)
    assert found.steps == 2


def test_nothing_passes_if_the_first_step_fails() -> None:
    found = run_chain(
        [ChainCounts(80, 100), ChainCounts(100, 100)], Chain(0, 1), 0.9, 0.05
    )
    assert (found.passed, found.steps, found.whole) == (None, 0, False)


def test_a_chain_that_ends_after_the_family_is_rejected() -> None:
    with pytest.raises(ValueError, match="ends at step 3, but the family has 1 steps"):
        run_chain([ChainCounts(1, 1)], Chain(0, 3), 0.9, 0.05)


@pytest.mark.parametrize("level", [0.0, 1.0, float("nan")])
def test_an_invalid_level_is_rejected(level: float) -> None:
    with pytest.raises(ValueError, match="must be between 0 and 1"):
        run_chain([ChainCounts(100, 100)], Chain(0, 0), 0.9, level)


@settings(deadline=None)
@given(
    first=st.integers(1, 25),
    more=st.integers(1, 25),
    truths=st.tuples(st.floats(0.5, 0.99), st.floats(0.5, 0.99)),
    level=st.floats(0.02, 0.4),
)
def test_two_nested_steps_err_with_at_most_the_probability_of_the_level(
    first: int, more: int, truths: tuple[float, float], level: float
) -> None:
    # All outcomes of two steps; the second adds rows with another agreement rate.
    target, false = 0.8, 0.0
    both = (first * truths[0] + more * truths[1]) / (first + more)
    for inner, outer in product(range(first + 1), range(more + 1)):
        family = [ChainCounts(inner, first), ChainCounts(inner + outer, first + more)]
        passed = run_chain(family, Chain(0, 1), target, level).passed
        if passed is not None and (truths[0], both)[passed] < target:
            false += chance(inner, first, truths[0]) * chance(outer, more, truths[1])
    assert false <= level * (1 + 1e-9)


def chance(agreed: int, rows: int, truth: float) -> float:
    return math.comb(rows, agreed) * truth**agreed * (1 - truth) ** (rows - agreed)
