"""Test of which cells the teacher must answer again."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer_core.stats.sequential.cells import cell_bound, find_cells_below
from tracer_core.stats.sequential.e_values import rollback_log_e

COUNTS = st.integers(0, 300).flatmap(
    lambda total: st.tuples(st.integers(0, total), st.just(total))
)


def test_the_bound_divides_the_error_among_the_cells() -> None:
    assert cell_bound(0.05, 40) == 800


@given(audits=st.dictionaries(st.text(max_size=3), COUNTS, max_size=6))
def test_a_cell_is_demoted_by_its_own_audits_only(
    audits: dict[str, tuple[int, int]],
) -> None:
    bound = math.log(cell_bound(0.05, max(1, len(audits))))
    assert find_cells_below(audits, 0.95, bound) == tuple(
        sorted(cell for cell in audits if rollback_log_e(*audits[cell], 0.95) >= bound)
    )


def test_a_bad_cell_is_demoted_and_a_good_cell_is_kept() -> None:
    audits = {"card lost": (30, 100), "balance": (3, 400), "new": (0, 0)}
    assert find_cells_below(audits, 0.95, math.log(cell_bound(0.05, 3))) == (
        "card lost",
    )


@pytest.mark.parametrize(("delta", "cells"), [(0, 4), (1, 4), (0.05, 0)])
def test_an_invalid_budget_is_rejected(delta: float, cells: int) -> None:
    with pytest.raises(ValueError, match="no bound"):
        cell_bound(delta, cells)
