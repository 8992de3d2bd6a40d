"""The moves of a revision: into a phase, on to a step; with reason and time."""

from datetime import datetime

from tracer_router.api import RevisionPhase, TracerRevision
from tracer_router.planning.evidence.audit_totals import audit_baseline

__all__ = ["advance_step", "begin_rollout", "enter_phase", "set_status"]


def set_status(revision: TracerRevision, **changes: object) -> TracerRevision:
    """Give the revision with some fields of its status changed."""
    status = revision.status.model_copy(update=changes)
    return revision.model_copy(update={"status": status})


def enter_phase(
    revision: TracerRevision, phase: RevisionPhase, reason: str, now: datetime
) -> TracerRevision:
    """Return the revision in another phase."""
    return set_status(revision, phase=phase, step_since=now, reason=reason)


def advance_step(
    revision: TracerRevision, step: int, reason: str, now: datetime
) -> TracerRevision:
    """Give a candidate at another weight; what its share was counted from is void."""
    return set_status(
        revision,
        phase=RevisionPhase.CANARY,
        rollout_step=step,
        step_since=now,
        reason=reason,
        share=None,
    )


def begin_rollout(
    revision: TracerRevision, reason: str, now: datetime, *, unserved: bool
) -> TracerRevision:
    """Give a revision at the beginning of a rollout, its first or another try.

    What was counted in earlier tries stays with it, for promotion.
    """
    tried = revision.status.phase is RevisionPhase.ROLLED_BACK
    return set_status(
        revision,
        phase=RevisionPhase.SHADOW,
        reason=reason,
        step_since=now,
        rollout_since=now,
        traffic_since=None,
        rollout_step=None,
        unserved=unserved,
        approved=False,
        share=None,
        drift=None,
        drifted=False,
        cause=None,
        earlier=audit_baseline(revision) if tried else None,
    )
