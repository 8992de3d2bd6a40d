"""The rollout of a candidate: shadow, one step after another, then live or rollback."""

from dataclasses import dataclass
from datetime import datetime

from tracer_core.stats.sequential.guards import first_tripped_guard
from tracer_core.stats.sequential.verdict import RolloutAssessment, RolloutVerdict
from tracer_router.api import (
    OnInconclusive,
    Promotion,
    RevisionPhase,
    TracerRevision,
    TracerRouter,
)
from tracer_router.planning.evidence.audit_totals import guard_counts
from tracer_router.planning.rollout.evaluation import Evaluation, end_revision
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

__all__ = ["evaluate_candidate", "is_overdue"]

_WHOLE = 100


def evaluate_candidate(
    observed: Observed,
    revisions: tuple[TracerRevision, ...],
    revision: TracerRevision,
    now: datetime,
) -> Evaluation:
    """Return a candidate after one evaluation of its evidence.

    The order is fixed. Reasons to end the rollout come first, even if it is on hold.
    Then come the conditions that the rollout waits for. A promotion comes last, by one
    step at a time.
    """
    router, pods = observed.router, observed.pods_of(revision.spec.revision)
    invalidation = find_invalidation(router, revision)
    if invalidation is not None:
        rejected = set_status(revision, cause=invalidation.reason.value)
        return end_revision(rejected, RevisionPhase.REJECTED, invalidation.message, now)
    candidate = _Candidate(
        router, revisions, revision, assess_revision(router, revision), now
    )
    failure = candidate.failure(stop_reason(revision, pods, observed.policy))
    if failure is not None:
        return end_revision(revision, RevisionPhase.ROLLED_BACK, failure, now)
    hold = find_hold(router)
    if hold is not None:
        return Evaluation(revision, hold.describe(revision.spec.revision))
    error = load_error(revision, pods, router.spec.replicas)
    if error is not None:
        return Evaluation(revision, f"revision {revision.spec.revision}: {error}")
    return candidate.advance()


def is_overdue(router: TracerRouter, revision: TracerRevision, now: datetime) -> bool:
    """Return whether a rollout has reached its maximum duration."""
    since = revision.status.rollout_since
    return since is not None and now - since >= router.spec.rollout.max_duration.span


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One evaluation of a candidate with a valid certificate."""

    router: TracerRouter
    revisions: tuple[TracerRevision, ...]
    revision: TracerRevision
    assessment: RolloutAssessment
    now: datetime

    def failure(self, stopped: str | None) -> str | None:
        """Return why the rollout must end; None if it may continue.

        Args:
            stopped: Why a pod stopped the surrogate; None if no pod did.
        """
        if self.assessment.verdict is RolloutVerdict.ROLL_BACK:
            return self.assessment.reason
        confidence = self.router.spec.parity.confidence.fraction
        tripped = stopped or first_tripped_guard(
            guard_counts(self.revision), confidence
        )
        return tripped or self._exceeded_deadline()

    def advance(self) -> Evaluation:
        """Return the candidate with traffic, at the next step, or live."""
        revision, reason = self._with_share_baseline(), self.assessment.reason
        if revision.status.traffic_since is None:
            begun = set_status(revision, traffic_since=self.now, step_since=self.now)
            return Evaluation(begun, reason)
        if at_full_weight(self.router, revision):
            live = enter_phase(revision, RevisionPhase.LIVE, reason, self.now)
            return Evaluation(live)
        if self.assessment.verdict is not RolloutVerdict.PROMOTE:
            return Evaluation(revision, self._inconclusive_prefix() + reason)
        step = self._next_step()
        missing = self._missing_for(revision, step)
        if missing is not None:
            return Evaluation(revision, missing)
        return Evaluation(advance_step(revision, step, reason, self.now), reason)

    def _exceeded_deadline(self) -> str | None:
        rollout = self.router.spec.rollout
        if rollout.on_inconclusive is not OnInconclusive.ROLLBACK:
            return None
        if not is_overdue(self.router, self.revision, self.now):
            return None
        return f"inconclusive after {rollout.max_duration}: {self.assessment.reason}"

    def _with_share_baseline(self) -> TracerRevision:
        if self.revision.status.share is not None:
            return self.revision
        baseline = count_requests(self.revision, self.revisions)
        return set_status(self.revision, share=baseline)

    def _inconclusive_prefix(self) -> str:
        if not is_overdue(self.router, self.revision, self.now):
            return ""
        return f"inconclusive after {self.router.spec.rollout.max_duration}, held: "

    def _next_step(self) -> int:
        if self.revision.status.phase is RevisionPhase.SHADOW:
            return 0
        return (self.revision.status.rollout_step or 0) + 1

    def _missing_for(self, revision: TracerRevision, step: int) -> str | None:
        """Return what a promotion to a step still requires; None if nothing."""
        weight = current_weight(self.router, revision) / _WHOLE
        missing = below_minimum(revision, self.revisions) or above_share(
            revision, self.revisions, weight
        )
        if missing is not None or step < len(self.router.spec.rollout.steps) - 1:
            return missing
        if revision.status.approved:
            return None
        return self._missing_period() or self._missing_approval()

    def _missing_period(self) -> str | None:
        period = self.router.spec.rollout.period
        end = (self.revision.status.traffic_since or self.now) + period.span
        if end <= self.now:
            return None
        # The end, not the rest of the time: a status at rest must not change.
        return (
            f"ready for full weight ({self.assessment.reason}); one traffic period of "
            f"{period} must pass first, until {end:%Y-%m-%d %H:%M:%S} UTC, or run "
            f"`{self._promote_command}`"
        )

    def _missing_approval(self) -> str | None:
        if self.router.spec.rollout.promotion is not Promotion.MANUAL:
            return None
        reason = self.assessment.reason
        return f"ready for full weight ({reason}); run `{self._promote_command}`"

    @property
    def _promote_command(self) -> str:
        return f"tracer-router promote {self.router.metadata.name}"
