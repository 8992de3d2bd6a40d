"""The gates of a rollout: which one a candidate stands before, and what is asked.

Shadow, then every weight of ``rollout.steps``. A gate lies before each weight; the last
one opens full weight and asks for the whole confidence.
"""

from tracer_core.stats.sequential.verdict import Aim, Assessment, Gate, assess
from tracer_router.api import RevisionPhase, TracerRevision, TracerRouter
from tracer_router.planning.evidence.audit_totals import audits_before, audits_of

__all__ = ["aim_of", "assess_revision", "at_full_weight", "gate_of", "weight_of"]

_WHOLE = 100
_UNSERVED_SHARE = 50
"""Percent of the traffic of a shadow while nothing serves: the labels are free, and the
other half stays with pods that are known to work."""


def aim_of(router: TracerRouter) -> Aim:
    """Give what is promised."""
    parity = router.spec.parity
    return Aim(
        parity.target.fraction, parity.margin.fraction, parity.confidence.fraction
    )


def gate_of(router: TracerRouter, revision: TracerRevision) -> Gate:
    """Give the gate that a candidate stands before; a live one has passed the last."""
    gates, status = len(router.spec.rollout.steps), revision.status
    if status.phase is RevisionPhase.SHADOW:
        return Gate(1, gates, unserved=status.unserved)
    return Gate(min((status.rollout_step or 0) + 2, gates), gates)


def assess_revision(router: TracerRouter, revision: TracerRevision) -> Assessment:
    """Judge the audits of a revision's certified tasks at its gate."""
    return assess(
        aim_of(router),
        audits_of(revision),
        gate_of(router, revision),
        audits_before(revision),
    )


def weight_of(router: TracerRouter, candidate: TracerRevision | None) -> int:
    """Give the candidate's share of the traffic in percent."""
    if candidate is None or candidate.status.traffic_since is None:
        return 0
    steps, status = router.spec.rollout.steps, candidate.status
    if status.phase is RevisionPhase.SHADOW and status.unserved:
        return _UNSERVED_SHARE
    step = min(status.rollout_step or 0, len(steps) - 1)
    if status.phase is RevisionPhase.SHADOW and step == len(steps) - 1:
        return _UNSERVED_SHARE  # a rollout of one step: all at once, but not in shadow
    return round(steps[step].fraction * _WHOLE)


def at_full_weight(router: TracerRouter, revision: TracerRevision) -> bool:
    """Tell whether a canary has all of the traffic."""
    step = revision.status.rollout_step
    canary = revision.status.phase is RevisionPhase.CANARY
    return canary and step is not None and step >= len(router.spec.rollout.steps) - 1
