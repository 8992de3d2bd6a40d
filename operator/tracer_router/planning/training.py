"""When the next attempt is made, and what becomes of one that ended."""

from datetime import datetime

from tracer_router.api import (
    AttemptSpec,
    BundleStatus,
    CertificateStatus,
    Percent,
    RevisionPhase,
    TaskCertificate,
    TracerRevision,
    TracerRevisionSpec,
    TracerRevisionStatus,
    TracerRouter,
)
from tracer_router.contracts.redaction import Redaction
from tracer_router.contracts.training import AttemptRequest, Outcome, TrainingSummary
from tracer_router.planning.evidence import total
from tracer_router.planning.observed import JobState, Observed
from tracer_router.planning.validity import teacher_identity
from tracer_router.resources.manifest import revision_name
from tracer_router.resources.redaction import redaction_of

__all__ = [
    "attempt_request",
    "conclude_training",
    "labelled_rows",
    "next_attempt",
    "pass_through",
    "rows_needed",
]

_BETTER_BY = 0.01
"""Coverage that a candidate must add to replace the incumbent."""


def labelled_rows(revisions: tuple[TracerRevision, ...]) -> int:
    """Give the labelled rows of the uniform sample that are in the store.

    Of the task that has the most: an attempt is about one task.
    """
    by_task: dict[str, int] = {}
    for revision in revisions:
        for task in total(revision.status.evidence).tasks:
            known = by_task.get(task.task, 0)
            by_task[task.task] = known + task.uniform_labelled
    return max(by_task.values(), default=0)


def rows_needed(router: TracerRouter, revisions: tuple[TracerRevision, ...]) -> int:
    """Give the labelled rows at which the next attempt is made."""
    attempts = (each.spec.attempt for each in revisions)
    last = max((each.labelled for each in attempts if each is not None), default=0)
    growth = 1 + router.spec.training.growth.fraction
    return max(router.spec.training.minimum_traces, round(last * growth))


def next_attempt(
    observed: Observed,
    revisions: tuple[TracerRevision, ...],
    image: str,
    now: datetime,
) -> TracerRevision | None:
    """Give the revision to begin, or None when no attempt is due."""
    router, rows = observed.router, labelled_rows(revisions)
    busy = {RevisionPhase.TRAINING, RevisionPhase.CANARY}
    waiting = any(each.status.phase in busy for each in revisions)
    if waiting or router.spec.suspend or rows < rows_needed(router, revisions):
        return None
    number = max((each.spec.revision for each in revisions), default=0) + 1
    parity = router.spec.parity
    request = AttemptRequest(
        router=f"{router.metadata.namespace}/{router.metadata.name}",
        uid=router.metadata.uid or "",
        attempt=number,
        until=now.replace(microsecond=0),
        target=parity.target.fraction,
        confidence=parity.confidence.fraction,
        minimum=router.spec.training.minimum_traces,
        seed=number,
        redaction=redaction_of(router),
    )
    attempt = AttemptSpec(
        until=request.until,
        row_set=request.digest,
        seed=request.seed,
        minimum=request.minimum,
        labelled=rows,
        target=parity.target,
        confidence=parity.confidence,
    )
    return _revision(router, number, image, attempt)


def pass_through(router: TracerRouter, image: str) -> TracerRevision:
    """Give revision 0: no surrogate, everything to the teacher, everything recorded."""
    return _revision(router, 0, image, None)


def attempt_request(router: TracerRouter, revision: TracerRevision) -> AttemptRequest:
    """Give the request again as it was when the revision began."""
    attempt = revision.spec.attempt
    if attempt is None:
        raise ValueError(f"{revision.metadata.name} is a pass-through")
    return AttemptRequest(
        router=f"{router.metadata.namespace}/{router.metadata.name}",
        uid=router.metadata.uid or "",
        attempt=revision.spec.revision,
        until=attempt.until,
        target=attempt.target.fraction,
        confidence=attempt.confidence.fraction,
        minimum=attempt.minimum,
        seed=attempt.seed,
        redaction=_redaction(revision),
    )


def _redaction(revision: TracerRevision) -> Redaction:
    said = revision.spec.redaction
    return Redaction.from_json(said) if said else Redaction()


def conclude_training(
    observed: Observed, revision: TracerRevision, now: datetime
) -> TracerRevision:
    """Give the revision after its Job: still training, certified or rejected."""
    job = observed.jobs.get(revision.spec.revision, JobState())
    if job.failure is not None:
        return _rejected(revision, f"training failed: {job.failure}", now)
    if job.summary is None:
        return revision
    objection = _objection(observed, revision, job.summary)
    if objection is not None:
        return _rejected(revision, objection, now, job.summary)
    certified = _certified(revision.status, job.summary, now)
    return revision.model_copy(update={"status": certified})


def _objection(
    observed: Observed, revision: TracerRevision, summary: TrainingSummary
) -> str | None:
    attempt = revision.spec.attempt
    if attempt is None or summary.request != attempt.row_set:
        return "the result answers another request: the Job was given a wrong file"
    if summary.outcome is not Outcome.CERTIFIED:
        return summary.reason
    if summary.bundle in observed.router.status.barred:
        return "its bundle was rolled back before and is barred"
    incumbent = _incumbent_coverage(observed.revisions)
    if (summary.coverage or 0) < incumbent + _BETTER_BY:
        return f"not better than the incumbent: {summary.coverage:.1%} covered"
    return None


def _incumbent_coverage(revisions: tuple[TracerRevision, ...]) -> float:
    live = [each for each in revisions if each.status.phase is RevisionPhase.LIVE]
    if not live or not live[-1].status.tasks:
        return -_BETTER_BY
    return live[-1].status.tasks[0].certificate.coverage.fraction


def _rejected(
    revision: TracerRevision,
    reason: str,
    now: datetime,
    summary: TrainingSummary | None = None,
) -> TracerRevision:
    if summary is not None and summary.quarantined:
        reason += f"; {_quarantine(summary)}"
    status = revision.status.model_copy(
        update={
            "phase": RevisionPhase.REJECTED,
            "reason": reason,
            "step_since": now,
        }
    )
    return revision.model_copy(update={"status": status})


def _quarantine(summary: TrainingSummary) -> str:
    named = ", ".join(summary.quarantine)
    return f"{summary.quarantined} unreadable trace lines quarantined ({named})"


def _certified(
    status: TracerRevisionStatus, summary: TrainingSummary, now: datetime
) -> TracerRevisionStatus:
    certificate = CertificateStatus(
        target=Percent.of(summary.target or 0, 4),
        confidence=Percent.of(summary.confidence or 0, 4),
        attempt=summary.attempt,
        level=f"{summary.level:.6g}",
        n=summary.n or 0,
        k=summary.k or 0,
        m=summary.m or 0,
        coverage=Percent.of(summary.coverage or 0),
    )
    reason = f"certified: {summary.k} of {summary.n} certify rows agreed"
    if summary.quarantined:
        reason += f"; {_quarantine(summary)}"
    bundle = BundleStatus(
        digest=summary.bundle or "",
        bento=summary.bento or "",
        key=summary.bento_key or "",
    )
    task = TaskCertificate(fingerprint=summary.task or "", certificate=certificate)
    return status.model_copy(
        update={
            "phase": RevisionPhase.CANARY,
            "reason": reason,
            "bundle": bundle,
            "tasks": (task,),
            "step_since": now,
        }
    )


def _revision(
    router: TracerRouter, number: int, image: str, attempt: AttemptSpec | None
) -> TracerRevision:
    metadata = {
        "name": revision_name(router, number),
        "namespace": router.metadata.namespace,
    }
    spec = TracerRevisionSpec(
        router=router.metadata.name,
        revision=number,
        attempt=attempt,
        image=image,
        teacher=teacher_identity(router),
        redaction=redaction_of(router).to_json().decode(),
    )
    phase = RevisionPhase.TRAINING if attempt else RevisionPhase.PASSTHROUGH
    status = TracerRevisionStatus(phase=phase)
    return TracerRevision.model_validate(
        {"metadata": metadata, "spec": spec, "status": status}
    )
