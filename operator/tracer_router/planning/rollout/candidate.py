"""The rollout of a candidate: in shadow, step by step on evidence, live, or back."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from tracer_core.stats.sequential.guards import first_tripped_guard
from tracer_core.stats.sequential.verdict import RolloutAssessment, RolloutVerdict
from tracer_router.api import OnInconclusive, Promotion, RevisionPhase, TracerRevision
from tracer_router.planning.evidence.audit_totals import guard_counts
from tracer_router.planning.rollout.load_error import load_error
from tracer_router.planning.rollout.policy import stop_reason
from tracer_router.planning.rollout.promotion_criteria import (
    assess_revision,
    at_full_weight,
    current_weight,
)
from tracer_router.planning.rollout.traffic_split import (
    above_share,
    below_minimum,
    count_requests,
)
from tracer_router.planning.rollout.transitions import (
    advance_step,
    enter_phase,
    set_status,
)
from tracer_router.planning.state.certificate_validity import find_invalidation
from tracer_router.planning.state.holds import find_hold
from tracer_router.planning.state.observed import Observed

__all__ = ["CandidateProgress", "evaluate_candidate", "overdue"]

_WHOLE = 100


@dataclass(frozen=True, slots=True)
class CandidateProgress:
    """A revision after its evidence was judged, and what people should know."""

    revision: TracerRevision
    missing: str
    """What is missing for the next step."""


@dataclass(frozen=True, slots=True)
class _CandidateView:
    observed: Observed
    revisions: tuple[TracerRevision, ...]
    revision: TracerRevision
    seen: RolloutAssessment
    now: datetime


def evaluate_candidate(
    observed: Observed,
    revisions: tuple[TracerRevision, ...],
    revision: TracerRevision,
    now: datetime,
) -> CandidateProgress:
    """Give a candidate after one look at its evidence.

    What speaks against it comes first, whatever else holds it; only then what it
    waits for; only then a step, and one at a time.
    """
    router = observed.router
    invalidation = find_invalidation(router, revision)
    if invalidation is not None:
        rejected = set_status(revision, cause=invalidation.reason.value)
        return _ended(rejected, RevisionPhase.REJECTED, invalidation.message, now)
    seen = assess_revision(router, revision)
    look = _CandidateView(observed, revisions, revision, seen, now)
    against = _rollback_reason(look)
    if against is not None:
        return _ended(revision, RevisionPhase.ROLLED_BACK, against, now)
    waiting = _blocked(look)
    if waiting is not None:
        return CandidateProgress(revision, waiting)
    revision = _counted_from_here(look)
    if revision.status.traffic_since is None:
        begun = set_status(revision, traffic_since=now, step_since=now)
        return CandidateProgress(begun, seen.reason)
    return _promote(_CandidateView(observed, revisions, revision, seen, now))


def overdue(observed: Observed, revision: TracerRevision, now: datetime) -> bool:
    """Tell whether a rollout has lasted longer than it may."""
    since = revision.status.rollout_since
    limit = observed.router.spec.rollout.max_duration.span
    return since is not None and now - since >= limit


def _ended(
    revision: TracerRevision, phase: RevisionPhase, reason: str, now: datetime
) -> CandidateProgress:
    return CandidateProgress(enter_phase(revision, phase, reason, now), reason)


def _rollback_reason(look: _CandidateView) -> str | None:
    if look.seen.verdict is RolloutVerdict.ROLL_BACK:
        return look.seen.reason
    confidence = look.observed.router.spec.parity.confidence.fraction
    stop = stop_reason(look.observed, look.revision)
    harm = stop or first_tripped_guard(guard_counts(look.revision), confidence)
    if harm is not None:
        return harm
    rollout = look.observed.router.spec.rollout
    back = rollout.on_inconclusive is OnInconclusive.ROLLBACK
    if back and overdue(look.observed, look.revision, look.now):
        return f"inconclusive after {rollout.max_duration}: {look.seen.reason}"
    return None


def _blocked(look: _CandidateView) -> str | None:
    router, revision = look.observed.router, look.revision
    hold = find_hold(router)
    if hold is not None:
        return hold.describe(revision.spec.revision)
    trouble = load_error(look.observed, revision)
    return f"revision {revision.spec.revision}: {trouble}" if trouble else None


def _counted_from_here(look: _CandidateView) -> TracerRevision:
    if look.revision.status.share is not None:
        return look.revision
    return set_status(
        look.revision, share=count_requests(look.revision, look.revisions)
    )


def _promote(look: _CandidateView) -> CandidateProgress:
    revision, seen, router = look.revision, look.seen, look.observed.router
    if at_full_weight(router, revision):
        return CandidateProgress(
            enter_phase(revision, RevisionPhase.LIVE, seen.reason, look.now), ""
        )
    if seen.verdict is not RolloutVerdict.PROMOTE:
        return CandidateProgress(revision, _late(look) + seen.reason)
    steps = router.spec.rollout.steps
    shadow = revision.status.phase is RevisionPhase.SHADOW
    following = 0 if shadow else (revision.status.rollout_step or 0) + 1
    checks: list[Callable[[_CandidateView], str | None]] = [_share]
    if following == len(steps) - 1:
        checks += [_period, _needs_approval]
    for check in checks:
        reason = check(look)
        if reason is not None:
            return CandidateProgress(revision, reason)
    return CandidateProgress(
        advance_step(revision, following, seen.reason, look.now), seen.reason
    )


def _late(look: _CandidateView) -> str:
    if not overdue(look.observed, look.revision, look.now):
        return ""
    limit = look.observed.router.spec.rollout.max_duration
    return f"inconclusive after {limit}, held: "


def _share(look: _CandidateView) -> str | None:
    asked = current_weight(look.observed.router, look.revision) / _WHOLE
    few = below_minimum(look.revision, look.revisions)
    return few or above_share(look.revision, look.revisions, asked)


def _period(look: _CandidateView) -> str | None:
    period = look.observed.router.spec.rollout.period
    since = look.revision.status.traffic_since or look.now
    end = since + period.span
    if end <= look.now or look.revision.status.approved:
        return None
    # A moment, not what is left: at rest nothing may be written.
    return (
        f"ready for full weight ({look.seen.reason}); one traffic period of {period} "
        f"must pass first, until {end:%Y-%m-%d %H:%M:%S} UTC, or"
        " `tracer-router promote`"
    )


def _needs_approval(look: _CandidateView) -> str | None:
    manual = look.observed.router.spec.rollout.promotion is Promotion.MANUAL
    if not manual or look.revision.status.approved:
        return None
    return f"ready for full weight ({look.seen.reason}): `tracer-router promote`"
