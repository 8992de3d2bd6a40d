"""The verdict on a candidate at a gate of its rollout: promote, hold, or roll back.

Promotion is non-inferiority: evidence that agreement is above target minus margin,
without evidence that it is below the target. A missing audit counts as a disagreement
for promotion and as an agreement for rollback, so that neither verdict benefits from
missing audits.

One process runs from shadow to full weight, and over retries.

Claim, at any look: a candidate at target minus margin or below reaches full weight with
probability at most 1 - confidence. A candidate at the target or above is ever rolled
back because of its audits or a guard with probability at most 1 - confidence (a retry
follows a rollback, so it adds nothing).
Assumes: as for `e_values`.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tracer_core.stats.sequential.e_values import (
    audits_needed,
    promotion_log_e,
    rollback_log_e,
)
from tracer_core.stats.sequential.guards import AUDITS_SHARE

__all__ = [
    "NO_AUDITS",
    "AuditCounts",
    "ParityAim",
    "PromotionGate",
    "RolloutAssessment",
    "RolloutVerdict",
    "assess_rollout",
    "rollback_bound",
    "step_bound",
]

MISSING_LIMIT: Final = 0.10
"""Share of missing audits above which no candidate is promoted."""


class RolloutVerdict(StrEnum):
    """The action that follows from the evidence."""

    PROMOTE = "Promote"
    HOLD = "Hold"
    ROLL_BACK = "RollBack"


@dataclass(frozen=True, slots=True)
class ParityAim:
    """The guarantee to test, from `spec.parity` of the router.

    Raises:
        ValueError: A value is outside of its range.
    """

    target: float
    """Agreement that is guaranteed, in (0, 1)."""
    margin: float
    """Allowed difference below the target for a promotion, in [0, target)."""
    confidence: float
    """One minus the error probability of each verdict, in (0, 1)."""

    def __post_init__(self) -> None:
        if not 0 <= self.margin < self.target < 1 or not 0 < self.confidence < 1:
            raise ValueError(
                f"{self} cannot be tested: must satisfy 0 <= margin < target < 1 and"
                " 0 < confidence < 1"
            )


@dataclass(frozen=True, slots=True)
class AuditCounts:
    """Counts of the completed prefix of the audits, cumulative from shadow on."""

    agreed: int
    """Number of audits in which the surrogate agreed with the teacher."""
    disagreed: int
    """Number of audits in which the surrogate disagreed with the teacher."""
    missing: int = 0
    """Number of audits without a usable answer of the teacher."""

    @property
    def total(self) -> int:
        """Number of completed audits, including missing ones."""
        return self.agreed + self.disagreed + self.missing

    def since(self, before: "AuditCounts") -> "AuditCounts":
        """Return the counts of the audits after earlier counts."""
        return AuditCounts(
            max(0, self.agreed - before.agreed),
            max(0, self.disagreed - before.disagreed),
            max(0, self.missing - before.missing),
        )


NO_AUDITS: Final = AuditCounts(0, 0)
"""Counts before the first audit."""


@dataclass(frozen=True, slots=True)
class PromotionGate:
    """The test that a candidate must pass for its next weight."""

    number: int
    """Number of the gate, from 1; the last gate opens full weight."""
    gates: int
    """Number of gates: one for shadow, and one for each weight except the last."""
    unserved: bool = False
    """Whether the candidate is in shadow while no other surrogate serves. Every label
    is then free, so the test is at the target itself, without the margin."""


@dataclass(frozen=True, slots=True)
class RolloutAssessment:
    """A verdict with its reason and values."""

    verdict: RolloutVerdict
    """The action."""
    reason: str
    """Human-readable reason."""
    audits: int
    """Number of audits that it is based on, including missing ones."""
    promotion_e: float
    """E-value for promotion."""
    promotion_bound: float
    """Value that `promotion_e` must reach at this gate."""
    rollback_e: float
    """E-value for rollback."""
    rollback_bound: float
    """Value that `rollback_e` must reach."""
    level: float
    """Probability that a candidate at the boundary passes this gate."""
    audits_needed: int | None
    """Approximate number of further audits for a promotion at the current rate of
    disagreement; None if it cannot be reached."""


def step_bound(confidence: float, gate: int, gates: int) -> float:
    """Return the e-value that opens a gate; the last gate requires 1/alpha.

    Three gates at 95% have the bounds 2.7, 7.4, and 20, which are error levels of 0.37,
    0.14, and 0.05.

    Args:
        confidence: One minus the error probability of promotion, in (0, 1).
        gate: Number of the gate, from 1.
        gates: Number of gates.

    Raises:
        ValueError: The gate is not between 1 and `gates`.
    """
    if not 1 <= gate <= gates:
        raise ValueError(f"gate is {gate}: must be between 1 and {gates}")
    return float((1 / (1 - confidence)) ** (gate / gates))


def rollback_bound(confidence: float) -> float:
    """Return the e-value for a rollback; the guards have the rest of the error.

    Args:
        confidence: One minus the error probability of rollback, in (0, 1).
    """
    return 1 / (AUDITS_SHARE * (1 - confidence))


def assess_rollout(
    aim: ParityAim,
    counts: AuditCounts,
    gate: PromotionGate,
    before: AuditCounts = NO_AUDITS,
) -> RolloutAssessment:
    """Return the verdict on the audits so far.

    Args:
        aim: The guarantee to test.
        counts: All audits of the candidate, from shadow on and over all retries.
        gate: The next gate of the candidate.
        before: Audits of earlier tries. They count for promotion, so that a retry does
            not bypass the test; the evidence for rollback starts again.
    """
    margin = 0.0 if gate.unserved else aim.margin
    fresh = counts.since(before)
    failures = counts.disagreed + counts.missing
    promotion = promotion_log_e(failures, counts.total, aim.target, margin)
    rollback = rollback_log_e(fresh.disagreed, fresh.total, aim.target)
    bound = step_bound(aim.confidence, gate.number, gate.gates)
    needed = _audits_needed(aim, margin, counts, bound)
    verdict, reason = _decide(aim, counts, (promotion, rollback, margin), bound, needed)
    return RolloutAssessment(
        verdict=verdict,
        reason=reason,
        audits=counts.total,
        promotion_e=_exp(promotion),
        promotion_bound=bound,
        rollback_e=_exp(rollback),
        rollback_bound=rollback_bound(aim.confidence),
        level=1 / bound,
        audits_needed=needed,
    )


def _decide(
    aim: ParityAim,
    counts: AuditCounts,
    evidence: tuple[float, float, float],
    bound: float,
    needed: int | None,
) -> tuple[RolloutVerdict, str]:
    promotion, rollback, margin = evidence
    summary = _summary(counts)
    if counts.total == 0:
        return (
            RolloutVerdict.HOLD,
            "no audit has completed; missing evidence does not count as success",
        )
    # Checked before the share of missing audits: they count as agreements here, so the
    # evidence is valid without them.
    if rollback >= math.log(rollback_bound(aim.confidence)):
        return (
            RolloutVerdict.ROLL_BACK,
            f"agreement is below {aim.target:.4g}: {summary}",
        )
    if counts.missing > MISSING_LIMIT * counts.total:
        return (
            RolloutVerdict.HOLD,
            f"more than {MISSING_LIMIT:.0%} of the audits are missing: {summary}",
        )
    if promotion < math.log(bound):
        return RolloutVerdict.HOLD, _hold_reason(counts, needed)
    if rollback >= 0:
        return (
            RolloutVerdict.HOLD,
            f"the evidence also indicates agreement below {aim.target:.4g}: {summary}",
        )
    return (
        RolloutVerdict.PROMOTE,
        f"agreement above {aim.target - margin:.4g}: {summary}",
    )


def _hold_reason(counts: AuditCounts, needed: int | None) -> str:
    if needed is None:
        return f"cannot be promoted at the current agreement: {_summary(counts)}"
    return (
        f"about {needed} more audits required at the current agreement:"
        f" {_summary(counts)}"
    )


def _audits_needed(
    aim: ParityAim, margin: float, counts: AuditCounts, bound: float
) -> int | None:
    failures = counts.disagreed + counts.missing
    # One pseudo-audit with half of the allowed disagreement, so that there is a
    # forecast before the first audit.
    rate = (failures + (1 - aim.target) / 2) / (counts.total + 1)
    return audits_needed(
        lambda z, n: promotion_log_e(z, n, aim.target, margin),
        failures,
        counts.total,
        rate,
        math.log(bound),
    )


def _summary(counts: AuditCounts) -> str:
    text = f"{counts.agreed} of {counts.total} audits agreed"
    return text + (f", {counts.missing} missing" if counts.missing else "")


def _exp(log: float) -> float:
    # Beyond any bound, the size of an e-value has no meaning; keep it printable.
    return math.exp(max(min(log, 100.0), -100.0))
