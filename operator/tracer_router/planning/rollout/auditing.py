"""The audit rate, by phase: from the spec, or enough to detect a loss of agreement."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tracer_core.stats.sequential.drift_detector import audits_to_detect
from tracer_router.api import AuditMode, RevisionPhase, TracerRevision, TracerRouter
from tracer_router.planning.evidence.evidence import revision_total
from tracer_router.planning.rollout.drift_monitor import detector_threshold
from tracer_router.planning.rollout.promotion_criteria import parity_aim

__all__ = ["LiveRate", "audit_rate", "canary_audit", "live_rate"]

_MIN_OBSERVATION = timedelta(minutes=30)
"""Time at full weight before the traffic of a day is estimated from it."""
_PERCENTS = (0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70)
_RATES = (*(percent / 100 for percent in _PERCENTS), 1.0)
"""The possible rates, 0.1% to 100%. With arbitrary rates, every change of the traffic
would push a new policy, once a minute."""


@dataclass(frozen=True, slots=True)
class LiveRate:
    """The audit rate at full weight."""

    rate: float
    """Share of the sessions that are audited, in (0, 1]."""
    reason: str
    """Why the rate has this value."""


def audit_rate(router: TracerRouter, revision: TracerRevision) -> float:
    """Return the share of sessions to audit on a revision in its phase, in (0, 1]."""
    status = revision.status
    match status.phase:
        case RevisionPhase.CANARY:
            steps = router.spec.rollout.steps
            return canary_audit(router, min(status.rollout_step or 0, len(steps) - 1))
        case RevisionPhase.LIVE:
            # The policy changes when a decision can change: at the end of a batch.
            watch = status.drift
            return live_rate(router, revision, watch.told if watch else None).rate
        case _:
            return 1.0


def canary_audit(router: TracerRouter, step: int) -> float:
    """Return the audit rate of a step.

    It decreases as the weight increases, and is at least the live rate.
    """
    steps, audit = router.spec.rollout.steps, router.spec.audit
    decreasing = audit.canary.fraction * steps[0].fraction / steps[step].fraction
    return max(audit.live.fraction, decreasing)


def live_rate(
    router: TracerRouter, revision: TracerRevision, now: datetime | None
) -> LiveRate:
    """Return the audit rate at full weight, and its reason."""
    audit = router.spec.audit
    if audit.mode is AuditMode.FIXED:
        return LiveRate(audit.live.fraction, "set by spec.audit.live")
    watch = revision.status.drift
    if watch is None or now is None or now - watch.began < _MIN_OBSERVATION:
        minutes = _MIN_OBSERVATION // timedelta(minutes=1)
        reason = f"set by spec.audit.live for the first {minutes} minutes"
        return LiveRate(audit.live.fraction, reason)
    within = audit.detect.within
    answered = _answered_since(revision) * (within.span / (now - watch.began))
    lost = 1 - parity_aim(router).target + audit.detect.loss.fraction
    needed = audits_to_detect(
        parity_aim(router).target, min(lost, 0.99), detector_threshold(watch)
    )
    wanted = needed / max(answered, 1.0)
    return LiveRate(
        next(rate for rate in _RATES if rate >= min(wanted, 1.0)),
        f"{needed} audits detect a loss of {audit.detect.loss}; about "
        f"{answered:,.0f} surrogate answers in {within}",
    )


def _answered_since(revision: TracerRevision) -> int:
    watch = revision.status.drift
    now = sum(task.answered for task in revision_total(revision.status.evidence).tasks)
    return max(0, now - (watch.answered if watch else 0))
