"""Upper bound on agreement with a teacher whose answers vary."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer_core.stats.binomial import upper_bound
from tracer_core.stats.certificate.ceiling import (
    RepeatCalls,
    RepeatCeiling,
    ceiling_by_cell,
    repeat_ceiling,
)


def test_the_ceiling_is_the_root_of_the_upper_bound_of_self_agreement() -> None:
    expected = RepeatCeiling(0.92, math.sqrt(upper_bound(460, 500, 0.05)), 500)
    assert repeat_ceiling(RepeatCalls(460, 40)) == expected
    assert 0.959 < expected.agreement < 0.975


def test_without_repeat_calls_there_is_no_ceiling() -> None:
    assert repeat_ceiling(RepeatCalls(0, 0)) == RepeatCeiling(None, 1.0, 0)


def test_a_missing_answer_never_lowers_the_ceiling() -> None:
    known = repeat_ceiling(RepeatCalls(460, 40))
    assert repeat_ceiling(RepeatCalls(460, 40, missing=20)).agreement > known.agreement


@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=6))
def test_no_fixed_answer_exceeds_the_root_of_self_agreement(sizes: list[float]) -> None:
    answers = [size / sum(sizes) for size in sizes]
    self_agreement = sum(share**2 for share in answers)
    assert max(answers) <= math.sqrt(self_agreement) + 1e-12


def test_cells_share_the_level() -> None:
    found = ceiling_by_cell({"refund": RepeatCalls(90, 10), "other": RepeatCalls(5, 0)})
    assert found["refund"] == repeat_ceiling(RepeatCalls(90, 10), 0.025)
    assert found["other"].agreement == pytest.approx(1.0)


def test_without_cells_there_are_no_ceilings() -> None:
    assert ceiling_by_cell({}) == {}
