"""The evaluation of a live revision: it stays, loses cells, or is rolled back."""

from datetime import datetime

from tracer_core.stats.sequential.guards import first_tripped_guard
from tracer_core.stats.sequential.verdict import RolloutVerdict
from tracer_router.api import RevisionPhase, TracerRevision, TracerRouter
from tracer_router.planning.evidence.audit_totals import audit_totals, guard_counts
from tracer_router.planning.rollout.attribution import attribute_drop
from tracer_router.planning.rollout.drift_monitor import (
    FALSE_ALARM_INTERVAL,
    close_cells,
    drift_alarms,
    update_drift,
)
from tracer_router.planning.rollout.evaluation import Evaluation, end_revision
from tracer_router.planning.rollout.policy import stop_reason
from tracer_router.planning.rollout.promotion_criteria import assess_revision
from tracer_router.planning.rollout.transitions import enter_phase, set_status
from tracer_router.planning.state.certificate_validity import find_invalidation
from tracer_router.planning.state.observed import Observed

__all__ = ["evaluate_live", "restore_previous"]


def evaluate_live(
    observed: Observed, revision: TracerRevision, now: datetime
) -> Evaluation:
    """Return a live revision after one evaluation of its evidence."""
    router, pods = observed.router, observed.pods_of(revision.spec.revision)
    invalidation = find_invalidation(router, revision)
    if invalidation is not None:
        message = f"the surrogate is off: {invalidation.message}"
        return Evaluation(revision, message)
    updated = update_drift(router, revision, now)
    alarms = drift_alarms(updated)
    drop = _failed_verdict(router, updated)
    if drop is None and "" in alarms:
        drop = _describe_drift(updated)
    drop = drop or stop_reason(updated, pods, observed.policy)
    if drop is not None:
        target = router.spec.parity.target.fraction
        change = attribute_drop(observed.revisions, revision, target)
        return end_revision(
            set_status(updated, cause=change.cause.value, drifted="" in alarms),
            RevisionPhase.ROLLED_BACK,
            f"{drop}; {change.reason}",
            now,
        )
    confidence = router.spec.parity.confidence.fraction
    tripped = first_tripped_guard(guard_counts(updated), confidence)
    if tripped is not None:
        return end_revision(updated, RevisionPhase.ROLLED_BACK, tripped, now)
    return Evaluation(close_cells(router, updated, alarms))


def restore_previous(
    router: TracerRouter,
    before: tuple[TracerRevision, ...],
    revisions: tuple[TracerRevision, ...],
    now: datetime,
) -> tuple[TracerRevision, ...]:
    """Return the revisions, with the previous one live if the live one was rolled back.

    Only a revision whose pods still run is restored: the evidence of a revision that
    was superseded long ago is about earlier traffic.

    Args:
        router: The router.
        before: The revisions before this evaluation.
        revisions: The revisions after it.
        now: The present time.
    """
    was_live = {
        revision.spec.revision
        for revision in before
        if revision.status.phase is RevisionPhase.LIVE
    }
    rolled_back = [
        revision
        for revision in revisions
        if revision.spec.revision in was_live
        and revision.status.phase is RevisionPhase.ROLLED_BACK
    ]
    warm = [revision for revision in revisions if _is_warm(router, revision, now)]
    served = any(revision.status.phase is RevisionPhase.LIVE for revision in revisions)
    if not rolled_back or not warm or served:
        return revisions
    previous, number = warm[-1], rolled_back[-1].spec.revision
    restored = set_status(
        enter_phase(
            previous,
            RevisionPhase.LIVE,
            f"restored because revision {number} was rolled back",
            now,
        ),
        drift=None,
        drifted=False,
        cause=None,
    )
    return tuple(
        restored if revision is previous else revision for revision in revisions
    )


def _failed_verdict(router: TracerRouter, revision: TracerRevision) -> str | None:
    assessment = assess_revision(router, revision)
    failed = assessment.verdict is RolloutVerdict.ROLL_BACK
    return assessment.reason if failed else None


def _describe_drift(revision: TracerRevision) -> str:
    watch, audits = revision.status.drift, audit_totals(revision)
    recent = audits.total - (watch.audits if watch else 0)
    return (
        f"drift: agreement fell below the target within {recent} audits since the "
        f"revision went live ({audits.agreed} of {audits.total} audits agreed in "
        f"total; at most one false alarm in {FALSE_ALARM_INTERVAL.days} days)"
    )


def _is_warm(router: TracerRouter, revision: TracerRevision, now: datetime) -> bool:
    """Return whether a superseded revision still has pods and may serve again."""
    status, soak = revision.status, router.spec.rollout.soak.span
    if status.phase is not RevisionPhase.SUPERSEDED or status.step_since is None:
        return False
    blocked = status.bundle and status.bundle.digest in router.status.barred
    warm = now - status.step_since < soak
    return warm and not blocked and find_invalidation(router, revision) is None
