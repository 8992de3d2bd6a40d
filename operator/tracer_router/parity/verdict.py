"""The verdict on a candidate at one step of its rollout: promote, hold or roll back.

Promotion is non-inferiority: evidence that agreement is above target minus margin, with
no evidence that it is below the target. A missing audit counts as a disagreement for
promotion and as an agreement for rollback: neither verdict profits from a silence.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from tracer_router.parity.sequential import (
    audits_needed,
    promotion_log_e,
    rollback_log_e,
)

__all__ = ["Aim", "Assessment", "AuditCounts", "Verdict", "assess", "step_bound"]

MISSING_LIMIT = 0.10
"""Share of missing audits above which nothing is promoted."""


class Verdict(StrEnum):
    """What the evidence asks for."""

    PROMOTE = "Promote"
    HOLD = "Hold"
    ROLL_BACK = "RollBack"


@dataclass(frozen=True, slots=True)
class Aim:
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


@dataclass(frozen=True, slots=True)
class Assessment:
    """A verdict with its reason and the figures behind it."""

    verdict: Verdict
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
    audits_needed: int | None
    """About how many more audits promote at the present rate; none: out of reach."""


def step_bound(confidence: float, step: int, steps: int) -> float:
    """Give the e-value that promotes from a step; the last one needs the whole 1/alpha.

    Three steps at 95 % are bounds of 2.7, 7.4 and 20: error levels .37, .14 and .05.
    """
    if not 1 <= step <= steps:
        raise ValueError(f"no step {step} of {steps}")
    return float((1 / (1 - confidence)) ** (step / steps))


def assess(aim: Aim, counts: AuditCounts, step: int, steps: int) -> Assessment:
    """Judge the audits so far at step ``step`` of ``steps``, counted from 1."""
    against = counts.disagreed + counts.missing
    promotion = promotion_log_e(against, counts.total, aim.target, aim.margin)
    rollback = rollback_log_e(counts.disagreed, counts.total, aim.target)
    bound = step_bound(aim.confidence, step, steps)
    verdict, reason = _judge(aim, counts, (promotion, rollback), bound)
    return Assessment(
        verdict=verdict,
        reason=reason,
        audits=counts.total,
        promotion_e=_exp(promotion),
        promotion_bound=bound,
        rollback_e=_exp(rollback),
        rollback_bound=1 / (1 - aim.confidence),
        audits_needed=_needed(aim, counts, bound),
    )


def _judge(
    aim: Aim, counts: AuditCounts, logs: tuple[float, float], bound: float
) -> tuple[Verdict, str]:
    promotion, rollback = logs
    seen = _figures(counts)
    if counts.total == 0:
        return Verdict.HOLD, "no audit has completed yet; no evidence is no success"
    # Before the missing share: silences count as agreements here, so this is sure.
    if rollback >= -math.log(1 - aim.confidence):
        return Verdict.ROLL_BACK, f"agreement is below {aim.target:.4g}: {seen}"
    if counts.missing > MISSING_LIMIT * counts.total:
        return Verdict.HOLD, f"more than {MISSING_LIMIT:.0%} of audits missing: {seen}"
    if promotion < math.log(bound):
        return Verdict.HOLD, _waiting(aim, counts, bound)
    if rollback >= 0:
        return Verdict.HOLD, f"evidence points below {aim.target:.4g} as well: {seen}"
    return Verdict.PROMOTE, f"agreement above {aim.target - aim.margin:.4g}: {seen}"


def _waiting(aim: Aim, counts: AuditCounts, bound: float) -> str:
    needed = _needed(aim, counts, bound)
    if needed is None:
        return f"not in reach at the present rate: {_figures(counts)}"
    return f"about {needed} more audits at the present rate: {_figures(counts)}"


def _needed(aim: Aim, counts: AuditCounts, bound: float) -> int | None:
    against = counts.disagreed + counts.missing
    # One pseudo-audit at half the allowed disagreement: a forecast before the first.
    rate = (against + (1 - aim.target) / 2) / (counts.total + 1)
    return audits_needed(
        lambda z, n: promotion_log_e(z, n, aim.target, aim.margin),
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
