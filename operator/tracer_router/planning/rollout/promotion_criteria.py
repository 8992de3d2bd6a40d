"""Which gate a candidate must pass next, and the parity that it requires.

A rollout consists of a shadow phase and then every weight of `rollout.steps`. A gate
precedes each weight. The last gate allows full weight and requires the whole
confidence.
"""

from tracer_core.stats.sequential.verdict import (
    ParityAim,
    PromotionGate,
    RolloutAssessment,
    assess_rollout,
)
from tracer_router.api import RevisionPhase, TracerRevision, TracerRouter
from tracer_router.planning.evidence.audit_totals import (
    audit_totals,
    audit_totals_before,
)

__all__ = [
    "assess_revision",
    "at_full_weight",
    "current_weight",
    "parity_aim",
    "promotion_gate",
]

_WHOLE = 100
_UNSERVED_SHARE = 50
"""Percent of the traffic of a shadow while no live revision serves. Its labels cost
nothing extra then, and the other half stays on pods that are known to work."""


def parity_aim(router: TracerRouter) -> ParityAim:
    """Return the parity that the spec requires."""
    parity = router.spec.parity
    return ParityAim(
        parity.target.fraction, parity.margin.fraction, parity.confidence.fraction
    )


def promotion_gate(router: TracerRouter, revision: TracerRevision) -> PromotionGate:
    """Return the next gate of a candidate; for a live revision, the last gate."""
    gates, status = len(router.spec.rollout.steps), revision.status
    if status.phase is RevisionPhase.SHADOW:
        return PromotionGate(1, gates, unserved=status.unserved)
    return PromotionGate(min((status.rollout_step or 0) + 2, gates), gates)


def assess_revision(
    router: TracerRouter, revision: TracerRevision
) -> RolloutAssessment:
    """Return the assessment of the audits of a revision's certified tasks."""
    return assess_rollout(
        parity_aim(router),
        audit_totals(revision),
        promotion_gate(router, revision),
        audit_totals_before(revision),
    )


def current_weight(router: TracerRouter, candidate: TracerRevision | None) -> int:
    """Return the candidate's share of the traffic in percent."""
    if candidate is None or candidate.status.traffic_since is None:
        return 0
    steps, status = router.spec.rollout.steps, candidate.status
    if status.phase is RevisionPhase.SHADOW and status.unserved:
        return _UNSERVED_SHARE
    step = min(status.rollout_step or 0, len(steps) - 1)
    if status.phase is RevisionPhase.SHADOW and step == len(steps) - 1:
        return _UNSERVED_SHARE  # one step only: a shadow never gets all the traffic
    return round(steps[step].fraction * _WHOLE)


def at_full_weight(router: TracerRouter, revision: TracerRevision) -> bool:
    """Return whether a canary receives all of the traffic."""
    step = revision.status.rollout_step
    canary = revision.status.phase is RevisionPhase.CANARY
    return canary and step is not None and step >= len(router.spec.rollout.steps) - 1
