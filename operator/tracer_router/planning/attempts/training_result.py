"""The result of an attempt whose Job ended: certified and rolled out, or rejected."""

from datetime import datetime

from tracer_core.contracts.training import AttemptOutcome, TrainingSummary
from tracer_router.api import (
    BundleStatus,
    CertificateStatus,
    Percent,
    Reason,
    RevisionPhase,
    TaskCertificate,
    TracerRevision,
    TracerRouter,
)
from tracer_router.planning.rollout.transitions import (
    begin_rollout,
    enter_phase,
    set_status,
)
from tracer_router.planning.state.certificate_validity import find_invalidation
from tracer_router.planning.state.observed import JobState, Observed

__all__ = ["MIN_COVERAGE_GAIN", "conclude_training"]

MIN_COVERAGE_GAIN = 0.01
"""Coverage that a candidate must add to replace a valid incumbent without drift."""


def conclude_training(
    observed: Observed, revision: TracerRevision, now: datetime
) -> TracerRevision:
    """Return the revision of an attempt: still in training, certified, or rejected."""
    job = observed.jobs.get(revision.spec.revision, JobState())
    if job.failure is not None:
        failed = set_status(revision, cause=Reason.TRAINING_FAILED.value)
        return _reject(failed, f"training failed: {job.failure}", now)
    if job.summary is None:
        return revision
    live = [
        other
        for other in observed.revisions
        if other.status.phase is RevisionPhase.LIVE
    ]
    incumbent = live[-1] if live else None
    objection = _objection(observed.router, revision, job.summary, incumbent)
    if objection is not None:
        return _reject(revision, objection, now, job.summary)
    certified = _certify(revision, job.summary)
    reason = certified.status.reason or ""
    return begin_rollout(certified, reason, now, unserved=incumbent is None)


def _objection(
    router: TracerRouter,
    revision: TracerRevision,
    summary: TrainingSummary,
    incumbent: TracerRevision | None,
) -> str | None:
    """Return why the result is not rolled out; None if it is."""
    attempt = revision.spec.attempt
    if attempt is None or summary.request != attempt.row_set:
        return "the result does not match the request of this attempt"
    if summary.outcome is not AttemptOutcome.CERTIFIED:
        return summary.reason
    if summary.bundle in router.status.barred:
        return "the bundle is blocked because it was rolled back before"
    if incumbent is None:
        return None
    return _insufficient_gain(router, incumbent, summary)


def _insufficient_gain(
    router: TracerRouter, incumbent: TracerRevision, summary: TrainingSummary
) -> str | None:
    """Return why the incumbent stays; None if the candidate replaces it.

    Every certified candidate replaces an incumbent whose certificate is invalid, that
    has drifted, or that lost cells. Any other incumbent is replaced only by a candidate
    that covers at least one percentage point more of the traffic, by their certify
    rows, at a target that is at least as high.
    """
    if not incumbent.status.tasks:
        return None
    held = incumbent.status.tasks[0]
    degraded = incumbent.status.drifted or incumbent.status.closed
    another_task = summary.task != held.fingerprint
    if degraded or another_task or find_invalidation(router, incumbent) is not None:
        return None
    required = held.certificate.coverage.fraction + MIN_COVERAGE_GAIN
    if (summary.coverage or 0) >= required:
        return None
    return (
        f"not better than the incumbent: coverage {summary.coverage:.1%}, at least "
        f"{required:.1%} required; kept as evidence"
    )


def _reject(
    revision: TracerRevision,
    reason: str,
    now: datetime,
    summary: TrainingSummary | None = None,
) -> TracerRevision:
    reason += _describe_quarantine(summary)
    return enter_phase(revision, RevisionPhase.REJECTED, reason, now)


def _describe_quarantine(summary: TrainingSummary | None) -> str:
    if summary is None or not summary.quarantined:
        return ""
    names = ", ".join(summary.quarantine)
    return f"; {summary.quarantined} unreadable trace lines quarantined ({names})"


def _certify(revision: TracerRevision, summary: TrainingSummary) -> TracerRevision:
    certificate = CertificateStatus(
        target=Percent.from_fraction(summary.target or 0, 4),
        confidence=Percent.from_fraction(summary.confidence or 0, 4),
        attempt=summary.attempt,
        level=f"{summary.level:.6g}",
        n=summary.n or 0,
        k=summary.k or 0,
        m=summary.m or 0,
        coverage=Percent.from_fraction(summary.coverage or 0),
    )
    reason = f"certified: {summary.k} of {summary.n} certify rows agreed"
    bundle = BundleStatus(
        digest=summary.bundle or "",
        bento=summary.bento or "",
        key=summary.bento_key or "",
    )
    return set_status(
        revision,
        reason=reason + _describe_quarantine(summary),
        bundle=bundle,
        tasks=(
            TaskCertificate(fingerprint=summary.task or "", certificate=certificate),
        ),
    )
