"""The e-processes on counts."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer_core.stats.sequential.e_values import (
    audits_needed,
    promotion_log_e,
    rollback_log_e,
)

TARGETS = st.floats(0.5, 0.99)


def promotion(disagreed: float, audits: float) -> float:
    return promotion_log_e(disagreed, audits, 0.95, 0.01)


@given(target=TARGETS, audits=st.integers(0, 300))
def test_both_have_expectation_one_at_their_boundary(
    target: float, audits: int
) -> None:
    boundary = 1 - target

    def expected(log_e: float, disagreed: int) -> float:
        return math.exp(
            log_e
            + math.log(math.comb(audits, disagreed))
            + disagreed * math.log(boundary)
            + (audits - disagreed) * math.log(1 - boundary)
        )

    counts = range(audits + 1)
    up = sum(expected(promotion_log_e(z, audits, target, 0.0), z) for z in counts)
    down = sum(expected(rollback_log_e(z, audits, target), z) for z in counts)
    assert (up, down) == (pytest.approx(1), pytest.approx(1))


@given(target=TARGETS, audits=st.integers(1, 5000), share=st.floats(0, 1))
def test_a_disagreement_decreases_promotion_and_increases_rollback_evidence(
    target: float, audits: int, share: float
) -> None:
    disagreed = int(share * (audits - 1))
    up = [promotion_log_e(z, audits, target, 0.01) for z in (disagreed, disagreed + 1)]
    down = [rollback_log_e(z, audits, target) for z in (disagreed, disagreed + 1)]
    assert up[0] > up[1]
    assert down[0] < down[1]


def test_no_audits_give_no_evidence() -> None:
    assert (promotion(0, 0), rollback_log_e(0, 0, 0.95)) == (0.0, 0.0)


def test_the_audits_needed_are_the_smallest_sufficient_number() -> None:
    bound = math.log(20)
    needed = audits_needed(promotion, 1, 40, 0.01, bound)
    assert needed is not None
    assert promotion(1 + 0.01 * needed, 40 + needed) >= bound
    assert promotion(1 + 0.01 * (needed - 1), 40 + needed - 1) < bound


def test_a_bound_that_is_reached_needs_no_audits() -> None:
    assert audits_needed(promotion, 0, 500, 0.01, math.log(20)) == 0


def test_a_rate_beyond_the_boundary_never_promotes() -> None:
    assert audits_needed(promotion, 0, 0, 0.08, math.log(20)) is None


def test_invalid_counts_are_rejected() -> None:
    with pytest.raises(ValueError, match="must satisfy 0 <= disagreements <= audits"):
        rollback_log_e(5, 4, 0.95)
    with pytest.raises(ValueError, match="cannot be tested"):
        rollback_log_e(0, 4, 1.0)
