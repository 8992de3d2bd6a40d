"""State transitions of a revision, each with its reason and time."""

from datetime import datetime

from tracer_router.api import RevisionPhase, TracerRevision
from tracer_router.planning.evidence.audit_totals import audit_baseline

__all__ = ["advance_step", "begin_rollout", "enter_phase", "set_status"]


def set_status(revision: TracerRevision, **changes: object) -> TracerRevision:
    """Return the revision with some fields of its status changed."""
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
    """Return a candidate at another weight, with a new baseline for its share."""
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
    """Return a revision at the beginning of a rollout, the first one or a retry.

    The counts of earlier rollouts stay with the revision; they count for promotion.

    Args:
        revision: The certified or rolled-back revision.
        reason: Why the rollout begins.
        now: The present time.
        unserved: Whether no live revision serves now.
    """
    retried = revision.status.phase is RevisionPhase.ROLLED_BACK
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
        earlier=audit_baseline(revision) if retried else None,
    )
