"""The verdict on a candidate."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer_core.stats.sequential.verdict import (
    NO_AUDITS,
    AuditCounts,
    ParityAim,
    PromotionGate,
    RolloutVerdict,
    assess_rollout,
    step_bound,
)

AIM = ParityAim(target=0.95, margin=0.01, confidence=0.95)
GATES = tuple(PromotionGate(number, 3) for number in (1, 2, 3))
COUNTS = st.builds(
    AuditCounts,
    agreed=st.integers(0, 2000),
    disagreed=st.integers(0, 300),
    missing=st.integers(0, 300),
)


def test_missing_evidence_is_never_a_success() -> None:
    found = assess_rollout(AIM, NO_AUDITS, GATES[0])
    assert found.verdict is RolloutVerdict.HOLD
    assert "missing evidence does not count as success" in found.reason
    assert found.audits_needed is not None


def test_the_step_bounds_increase_to_the_full_bound() -> None:
    bounds = [step_bound(0.95, step, 3) for step in (1, 2, 3)]
    assert bounds == pytest.approx([20 ** (1 / 3), 20 ** (2 / 3), 20])


def test_good_audits_open_an_early_gate_before_the_last() -> None:
    counts = AuditCounts(agreed=40, disagreed=0)
    verdicts = [assess_rollout(AIM, counts, gate).verdict for gate in GATES]
    assert verdicts == [
        RolloutVerdict.PROMOTE,
        RolloutVerdict.HOLD,
        RolloutVerdict.HOLD,
    ]


def test_clear_disagreement_rolls_back_at_any_step() -> None:
    found = assess_rollout(AIM, AuditCounts(agreed=80, disagreed=20), GATES[0])
    assert found.verdict is RolloutVerdict.ROLL_BACK
    assert found.reason == "agreement is below 0.95: 80 of 100 audits agreed"
    assert found.rollback_e >= found.rollback_bound == pytest.approx(20 / 0.9)


def test_missing_audits_prevent_a_promotion() -> None:
    present = assess_rollout(AIM, AuditCounts(agreed=2000, disagreed=10), GATES[0])
    absent = assess_rollout(
        AIM, AuditCounts(agreed=2000, disagreed=10, missing=250), GATES[0]
    )
    assert (present.verdict, absent.verdict) == (
        RolloutVerdict.PROMOTE,
        RolloutVerdict.HOLD,
    )
    assert "more than 10% of the audits are missing" in absent.reason


@given(counts=COUNTS, gate=st.sampled_from(GATES))
def test_a_missing_audit_never_helps_promotion(
    counts: AuditCounts, gate: PromotionGate
) -> None:
    unanswered = AuditCounts(counts.agreed, counts.disagreed, counts.missing + 1)
    if assess_rollout(AIM, unanswered, gate).verdict is RolloutVerdict.PROMOTE:
        answered = AuditCounts(counts.agreed + 1, counts.disagreed, counts.missing)
        assert assess_rollout(AIM, answered, gate).verdict is RolloutVerdict.PROMOTE


@given(counts=COUNTS, gate=st.sampled_from(GATES))
def test_no_promotion_with_evidence_of_agreement_below_the_target(
    counts: AuditCounts, gate: PromotionGate
) -> None:
    found = assess_rollout(AIM, counts, gate)
    if found.verdict is RolloutVerdict.PROMOTE:
        assert found.rollback_e < 1
        assert found.promotion_e >= found.promotion_bound


@given(counts=COUNTS)
def test_every_verdict_has_a_reason_and_finite_values(counts: AuditCounts) -> None:
    found = assess_rollout(AIM, counts, GATES[1])
    assert found.reason
    assert found.promotion_e < float("inf")
    assert found.rollback_e < float("inf")


def test_without_a_live_surrogate_the_shadow_is_tested_at_the_target() -> None:
    counts = AuditCounts(agreed=1910, disagreed=90)
    with_margin = assess_rollout(AIM, counts, PromotionGate(1, 3))
    without = assess_rollout(AIM, counts, PromotionGate(1, 3, unserved=True))
    assert (with_margin.verdict, without.verdict) == (
        RolloutVerdict.PROMOTE,
        RolloutVerdict.HOLD,
    )


@given(before=COUNTS, more=COUNTS, gate=st.sampled_from(GATES))
def test_a_retry_keeps_promotion_evidence_and_restarts_rollback_evidence(
    before: AuditCounts, more: AuditCounts, gate: PromotionGate
) -> None:
    counts = AuditCounts(
        before.agreed + more.agreed,
        before.disagreed + more.disagreed,
        before.missing + more.missing,
    )
    retried, whole = (
        assess_rollout(AIM, counts, gate, before),
        assess_rollout(AIM, counts, gate),
    )
    assert retried.promotion_e == whole.promotion_e
    assert retried.rollback_e == assess_rollout(AIM, more, gate).rollback_e


def test_an_aim_that_cannot_be_tested_is_rejected() -> None:
    with pytest.raises(ValueError, match="cannot be tested: must satisfy"):
        ParityAim(target=0.95, margin=0.96, confidence=0.95)


def test_a_verdict_requires_neither_scipy_nor_numpy() -> None:
    probe = (
        "import sys, tracer_core.stats.sequential.verdict;"
        " import tracer_core.stats.certificate.attempt_levels;"
        " sys.exit(any(name in sys.modules for name in ('scipy', 'numpy')))"
    )
    subprocess.run([sys.executable, "-c", probe], check=True)
