"""The verdict on a candidate at one gate of its rollout: promote, hold or roll back.

Promotion is non-inferiority: evidence that agreement is above target minus margin, with
no evidence that it is below the target. A missing audit counts as a disagreement for
promotion and as an agreement for rollback: neither verdict profits from a silence.

One process runs from shadow to full weight, and over retries. Claimed, whenever one
looks: a candidate at target minus margin or below reaches full weight with probability
1 - confidence at most; one at the target or above is ever rolled back for its audits or
for a guard with probability 1 - confidence at most (a retry follows a rollback, so it
adds nothing). Assumed: as in `sequential`.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

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

MISSING_LIMIT = 0.10
"""Share of missing audits above which nothing is promoted."""


class RolloutVerdict(StrEnum):
    """What the evidence asks for."""

    PROMOTE = "Promote"
    HOLD = "Hold"
    ROLL_BACK = "RollBack"


@dataclass(frozen=True, slots=True)
class ParityAim:
    """What is promised, as the router's spec says it; fractions."""

    target: float
    """Agreement promised."""
    margin: float
    """How far below the target a promotion may still be wrong."""
    confidence: float
    """One minus the error probability of each verdict."""

    def __post_init__(self) -> None:
        if not 0 <= self.margin < self.target < 1 or not 0 < self.confidence < 1:
            raise ValueError(f"not an aim that can be tested: {self}")


@dataclass(frozen=True, slots=True)
class AuditCounts:
    """Audits of the completed prefix, cumulative from shadow on."""

    agreed: int
    """The teacher agreed."""
    disagreed: int
    """The teacher disagreed."""
    missing: int = 0
    """The teacher failed or gave no usable answer."""

    @property
    def total(self) -> int:
        """Give the audits that were begun and have ended, somehow."""
        return self.agreed + self.disagreed + self.missing

    def since(self, before: "AuditCounts") -> "AuditCounts":
        """Give the audits that came after those counted before."""
        return AuditCounts(
            max(0, self.agreed - before.agreed),
            max(0, self.disagreed - before.disagreed),
            max(0, self.missing - before.missing),
        )


NO_AUDITS = AuditCounts(0, 0)
"""Before the first audit."""


@dataclass(frozen=True, slots=True)
class PromotionGate:
    """What lies between a candidate and its next weight."""

    number: int
    """Which gate it is, from 1; the last one opens full weight."""
    of: int
    """How many there are: the shadow, and one for each weight but the last."""
    unserved: bool = False
    """Whether it is a shadow while nothing else serves: every label is free, so the
    test is at the target itself, without the margin."""


@dataclass(frozen=True, slots=True)
class RolloutAssessment:
    """A verdict with its reason and the figures behind it."""

    verdict: RolloutVerdict
    """What to do."""
    reason: str
    """Why, for people."""
    audits: int
    """Audits it rests on, missing ones included."""
    promotion_e: float
    """Evidence for promotion."""
    promotion_bound: float
    """What `promotion_e` must reach at this step."""
    rollback_e: float
    """Evidence for rollback."""
    rollback_bound: float
    """What `rollback_e` must reach."""
    level: float
    """Probability of opening this gate to a candidate at the boundary."""
    audits_needed: int | None
    """About how many more audits promote at the present rate; none: out of reach."""


def step_bound(confidence: float, gate: int, gates: int) -> float:
    """Give the e-value that opens a gate; the last one needs the whole 1/alpha.

    Three gates at 95 % are bounds of 2.7, 7.4 and 20: error levels .37, .14 and .05.
    """
    if not 1 <= gate <= gates:
        raise ValueError(f"no gate {gate} of {gates}")
    return float((1 / (1 - confidence)) ** (gate / gates))


def rollback_bound(confidence: float) -> float:
    """Give the e-value that rolls back: the guards have the rest of the error."""
    return 1 / (AUDITS_SHARE * (1 - confidence))


def assess_rollout(
    aim: ParityAim,
    counts: AuditCounts,
    gate: PromotionGate,
    before: AuditCounts = NO_AUDITS,
) -> RolloutAssessment:
    """Judge the audits so far.

    Args:
        aim: What is promised.
        counts: All audits of the candidate, from shadow on and over all its retries.
        gate: The gate that it stands before.
        before: Audits of earlier tries. They still count for promotion, so that trying
            again is no way round the test; rollback starts anew.
    """
    margin = 0.0 if gate.unserved else aim.margin
    fresh = counts.since(before)
    against = counts.disagreed + counts.missing
    promotion = promotion_log_e(against, counts.total, aim.target, margin)
    rollback = rollback_log_e(fresh.disagreed, fresh.total, aim.target)
    bound = step_bound(aim.confidence, gate.number, gate.of)
    needed = _needed(aim, margin, counts, bound)
    verdict, reason = _judge(aim, counts, (promotion, rollback, margin), bound, needed)
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


def _judge(
    aim: ParityAim,
    counts: AuditCounts,
    found: tuple[float, float, float],
    bound: float,
    needed: int | None,
) -> tuple[RolloutVerdict, str]:
    promotion, rollback, margin = found
    seen = _figures(counts)
    if counts.total == 0:
        return (
            RolloutVerdict.HOLD,
            "no audit has completed yet; no evidence is no success",
        )
    # Before the missing share: silences count as agreements here, so this is sure.
    if rollback >= math.log(rollback_bound(aim.confidence)):
        return RolloutVerdict.ROLL_BACK, f"agreement is below {aim.target:.4g}: {seen}"
    if counts.missing > MISSING_LIMIT * counts.total:
        return (
            RolloutVerdict.HOLD,
            f"more than {MISSING_LIMIT:.0%} of audits missing: {seen}",
        )
    if promotion < math.log(bound):
        return RolloutVerdict.HOLD, _waiting(counts, needed)
    if rollback >= 0:
        return (
            RolloutVerdict.HOLD,
            f"evidence points below {aim.target:.4g} as well: {seen}",
        )
    return RolloutVerdict.PROMOTE, f"agreement above {aim.target - margin:.4g}: {seen}"


def _waiting(counts: AuditCounts, needed: int | None) -> str:
    if needed is None:
        return f"not in reach at the present rate: {_figures(counts)}"
    return f"about {needed} more audits at the present rate: {_figures(counts)}"


def _needed(
    aim: ParityAim, margin: float, counts: AuditCounts, bound: float
) -> int | None:
    against = counts.disagreed + counts.missing
    # One pseudo-audit at half the allowed disagreement: a forecast before the first.
    rate = (against + (1 - aim.target) / 2) / (counts.total + 1)
    return audits_needed(
        lambda z, n: promotion_log_e(z, n, aim.target, margin),
        against,
        counts.total,
        rate,
        math.log(bound),
    )


def _figures(counts: AuditCounts) -> str:
    text = f"{counts.agreed} of {counts.total} audits agreed"
    return text + (f", {counts.missing} missing" if counts.missing else "")


def _exp(log: float) -> float:
    # Beyond any bound the size of an e-value says nothing; keep it printable.
    return math.exp(max(min(log, 100.0), -100.0))
