"""When the next attempt is made, and what becomes of one that ended."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tracer_core.constants import OTHER_TASK
from tracer_core.contracts.redaction import Redaction
from tracer_core.contracts.training import (
    AttemptOutcome,
    AttemptRequest,
    TrainingSummary,
)
from tracer_router.api import (
    AttemptSpec,
    BundleStatus,
    CertificateStatus,
    History,
    Percent,
    Reason,
    RevisionPhase,
    TaskCertificate,
    TracerRevision,
    TracerRevisionSpec,
    TracerRevisionStatus,
    TracerRouter,
)
from tracer_router.planning.evidence.evidence import total
from tracer_router.planning.rollout.transitions import (
    begin_rollout,
    enter_phase,
    set_status,
)
from tracer_router.planning.state.certificate_validity import (
    find_invalidation,
    teacher_identity,
)
from tracer_router.planning.state.observed import JobState, Observed
from tracer_router.resources.embedder import named_embedder
from tracer_router.resources.manifest import revision_name
from tracer_router.resources.redaction import redaction_of

__all__ = [
    "BETTER_BY",
    "AttemptReason",
    "attempt_request",
    "begin_attempt",
    "conclude_training",
    "labelled_rows",
    "pass_through",
    "rows_by_task",
]


@dataclass(frozen=True, slots=True)
class AttemptReason:
    """Why an attempt is begun."""

    text: str
    """For people."""
    rows: int
    """Labelled rows that there are; growth is counted from here."""
    task: str | None = None
    """The task that it must be about; the one with the most rows when absent."""
    verb: str | None = None
    """Id of the request, when a person asked."""
    alike: tuple[str, ...] = ()
    """Ids of other requests that ask for the same."""


BETTER_BY = 0.01
"""Coverage that a candidate must add to replace an incumbent that is sound."""


def labelled_rows(
    revisions: tuple[TracerRevision, ...], history: History | None = None
) -> int:
    """Give the labelled rows of the uniform sample that are in the store.

    Of the task that has the most: an attempt is about one task.
    """
    return max(rows_by_task(revisions, history).values(), default=0)


def rows_by_task(
    revisions: tuple[TracerRevision, ...], history: History | None = None
) -> dict[str, int]:
    """Give the labelled rows of each task, of revisions no longer kept as well.

    Those in `other` are of many tasks, none of which can be learnt from its rows alone.
    """
    history = history or History()
    kept = (e for e in revisions if e.spec.revision not in history.revisions)
    by_task: dict[str, int] = {}
    for counts in (history.counts, *(total(each.status.evidence) for each in kept)):
        for task in counts.tasks:
            if task.task == OTHER_TASK:
                continue
            known = by_task.get(task.task, 0)
            by_task[task.task] = known + task.uniform_labelled
    return by_task


def begin_attempt(
    observed: Observed,
    revisions: tuple[TracerRevision, ...],
    image: str,
    now: datetime,
    cause: AttemptReason,
) -> TracerRevision:
    """Give the revision of a new attempt."""
    router = observed.router
    number = max((each.spec.revision for each in revisions), default=0) + 1
    parity, training = router.spec.parity, router.spec.training
    embedder = router.spec.surrogate.embedder if router.spec.surrogate else None
    request = AttemptRequest(
        router=f"{router.metadata.namespace}/{router.metadata.name}",
        uid=router.metadata.uid or "",
        attempt=number,
        until=_next_second(now),
        target=parity.target.fraction,
        confidence=parity.confidence.fraction,
        minimum=training.minimum_traces,
        seed=number,
        redaction=redaction_of(router),
        task=cause.task,
        embedder=named_embedder(embedder),
    )
    attempt = AttemptSpec(
        until=request.until,
        row_set=request.digest,
        seed=request.seed,
        minimum=request.minimum,
        labelled=cause.rows,
        task=cause.task,
        cause=cause.text,
        verb=cause.verb,
        alike=cause.alike,
        target=parity.target,
        confidence=parity.confidence,
        engine=training.engine,
        workers=training.workers,
        embedder=embedder,
    )
    return _revision(router, number, image, attempt)


def _next_second(now: datetime) -> datetime:
    """Give the first whole second after now.

    Rounded down it would shut out segments of this very second, whose rows are among
    those that were counted.
    """
    return now.replace(microsecond=0) + timedelta(seconds=1)


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
        task=attempt.task,
        embedder=named_embedder(attempt.embedder),
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
        failed = set_status(revision, cause=Reason.TRAINING_FAILED.value)
        return _rejected(failed, f"training failed: {job.failure}", now)
    if job.summary is None:
        return revision
    objection = _objection(observed, revision, job.summary)
    if objection is not None:
        return _rejected(revision, objection, now, job.summary)
    certified = _certified(revision, job.summary)
    live = any(each.status.phase is RevisionPhase.LIVE for each in observed.revisions)
    reason = certified.status.reason or ""
    return begin_rollout(certified, reason, now, unserved=not live)


def _objection(
    observed: Observed, revision: TracerRevision, summary: TrainingSummary
) -> str | None:
    attempt = revision.spec.attempt
    if attempt is None or summary.request != attempt.row_set:
        return "the result answers another request: the Job was given a wrong file"
    if summary.outcome is not AttemptOutcome.CERTIFIED:
        return summary.reason
    if summary.bundle in observed.router.status.barred:
        return "its bundle was rolled back before and is barred"
    return _no_better(observed, summary)


def _no_better(observed: Observed, summary: TrainingSummary) -> str | None:
    """Say why the incumbent stays, or None.

    The rule: against an incumbent whose certificate is void, that has drifted or lost
    cells, any certified candidate is better; against a sound one it must cover at least
    one point more of the traffic, by their certify rows, at a target as high.
    """
    live = [e for e in observed.revisions if e.status.phase is RevisionPhase.LIVE]
    if not live or not live[-1].status.tasks:
        return None
    incumbent, router = live[-1], observed.router
    ailing = incumbent.status.drifted or incumbent.status.closed
    held = incumbent.status.tasks[0]
    another = summary.task != held.fingerprint
    if ailing or another or find_invalidation(router, incumbent) is not None:
        return None
    least = held.certificate.coverage.fraction + BETTER_BY
    if (summary.coverage or 0) >= least:
        return None
    return (
        f"not better than the incumbent: {summary.coverage:.1%} covered, {least:.1%}"
        " needed; kept as evidence"
    )


def _rejected(
    revision: TracerRevision,
    reason: str,
    now: datetime,
    summary: TrainingSummary | None = None,
) -> TracerRevision:
    if summary is not None and summary.quarantined:
        reason += f"; {_quarantine(summary)}"
    return enter_phase(revision, RevisionPhase.REJECTED, reason, now)


def _quarantine(summary: TrainingSummary) -> str:
    named = ", ".join(summary.quarantine)
    return f"{summary.quarantined} unreadable trace lines quarantined ({named})"


def _certified(revision: TracerRevision, summary: TrainingSummary) -> TracerRevision:
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
    if summary.quarantined:
        reason += f"; {_quarantine(summary)}"
    bundle = BundleStatus(
        digest=summary.bundle or "",
        bento=summary.bento or "",
        key=summary.bento_key or "",
    )
    task = TaskCertificate(fingerprint=summary.task or "", certificate=certificate)
    return set_status(revision, reason=reason, bundle=bundle, tasks=(task,))


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
