"""A live revision after one look: it stays, loses a cell, or goes back."""

from datetime import datetime

from tracer_core.stats.sequential.guards import first_tripped_guard
from tracer_core.stats.sequential.verdict import RolloutVerdict
from tracer_router.api import RevisionPhase, TracerRevision
from tracer_router.planning.evidence.audit_totals import audit_totals, guard_counts
from tracer_router.planning.rollout.attribution import attribute_drop
from tracer_router.planning.rollout.candidate import CandidateProgress
from tracer_router.planning.rollout.drift_monitor import (
    RUN_TIME,
    close_cells,
    drift_alarms,
    update_drift,
)
from tracer_router.planning.rollout.policy import stop_reason
from tracer_router.planning.rollout.promotion_criteria import assess_revision
from tracer_router.planning.rollout.transitions import enter_phase, set_status
from tracer_router.planning.state.certificate_validity import find_invalidation
from tracer_router.planning.state.observed import Observed

__all__ = ["evaluate_live", "restore_previous"]


def evaluate_live(
    observed: Observed, revision: TracerRevision, now: datetime
) -> CandidateProgress:
    """Give a live revision after one look at its evidence."""
    router = observed.router
    invalidation = find_invalidation(router, revision)
    if invalidation is not None:
        message = f"the surrogate is off: {invalidation.message}"
        return CandidateProgress(revision, message)
    watched, revision = revision, update_drift(router, revision, now)
    alarms = drift_alarms(revision)
    heard = _by_audits(observed, revision, whole_drifted="" in alarms)
    if heard is not None:
        change = attribute_drop(observed, watched)
        return _roll_back(
            set_status(revision, cause=change.cause.value, drifted="" in alarms),
            f"{heard}; {change.reason}",
            now,
        )
    confidence = router.spec.parity.confidence.fraction
    harm = first_tripped_guard(guard_counts(revision), confidence)
    if harm is not None:
        return _roll_back(revision, harm, now)
    return CandidateProgress(close_cells(router, revision, alarms), "")


def _roll_back(
    revision: TracerRevision, reason: str, now: datetime
) -> CandidateProgress:
    return CandidateProgress(
        enter_phase(revision, RevisionPhase.ROLLED_BACK, reason, now), reason
    )


def restore_previous(
    observed: Observed,
    before: tuple[TracerRevision, ...],
    revisions: tuple[TracerRevision, ...],
    now: datetime,
) -> tuple[TracerRevision, ...]:
    """Give the revisions, with the kept one live again if a live one has just fallen.

    Only one whose pods are still warm: what was superseded long ago is evidence about
    traffic of long ago.
    """
    was_live = {
        each.spec.revision for each in before if each.status.phase is RevisionPhase.LIVE
    }
    fallen = [
        each
        for each in revisions
        if each.spec.revision in was_live
        and each.status.phase is RevisionPhase.ROLLED_BACK
    ]
    kept = [each for each in revisions if _kept_warm(observed, each, now)]
    serves = any(each.status.phase is RevisionPhase.LIVE for each in revisions)
    if not fallen or not kept or serves:
        return revisions
    number = fallen[-1].spec.revision
    reason = f"serves again, as revision {number} was rolled back"
    again = set_status(
        enter_phase(kept[-1], RevisionPhase.LIVE, reason, now),
        drift=None,
        drifted=False,
        cause=None,
    )
    return tuple(again if each is kept[-1] else each for each in revisions)


def _by_audits(
    observed: Observed, revision: TracerRevision, *, whole_drifted: bool
) -> str | None:
    seen = assess_revision(observed.router, revision)
    if seen.verdict is RolloutVerdict.ROLL_BACK:
        return seen.reason
    if whole_drifted:
        watch, audits = revision.status.drift, audit_totals(revision)
        since = audits.total - (watch.audits if watch else 0)
        return (
            f"drift: agreement has fallen below the target within {since} audits since"
            f" it went live ({audits.agreed} of {audits.total} agreed in all; a false"
            f" alarm once in {RUN_TIME.days} days at most)"
        )
    return stop_reason(observed, revision)


def _kept_warm(observed: Observed, revision: TracerRevision, now: datetime) -> bool:
    status, soak = revision.status, observed.router.spec.rollout.soak.span
    if status.phase is not RevisionPhase.SUPERSEDED or status.step_since is None:
        return False
    barred = status.bundle and status.bundle.digest in observed.router.status.barred
    warm = now - status.step_since < soak
    return warm and not barred and find_invalidation(observed.router, revision) is None
