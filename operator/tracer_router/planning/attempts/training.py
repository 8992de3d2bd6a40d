"""The revision of a new training attempt, and the request to its Job."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tracer_core.contracts.redaction import Redaction
from tracer_core.contracts.training import AttemptRequest
from tracer_router.api import (
    AttemptSpec,
    RevisionPhase,
    TracerRevision,
    TracerRevisionSpec,
    TracerRevisionStatus,
    TracerRouter,
)
from tracer_router.planning.state.certificate_validity import teacher_identity
from tracer_router.resources.manifest import revision_name
from tracer_router.resources.pod.embedder import named_embedder
from tracer_router.resources.redaction import build_redaction

__all__ = [
    "AttemptReason",
    "attempt_request",
    "begin_attempt",
    "build_pass_through",
]


@dataclass(frozen=True, slots=True)
class AttemptReason:
    """Why an attempt begins."""

    text: str
    """The reason in readable form."""
    rows: int
    """Labeled rows at the beginning; later growth is measured from this number."""
    task: str | None = None
    """The task to train on; None for the task with the most rows."""
    request_id: str | None = None
    """ID of the request, if a user requested the attempt."""
    other_request_ids: tuple[str, ...] = ()
    """IDs of further requests for an attempt, which this attempt answers as well."""


def begin_attempt(
    router: TracerRouter,
    revisions: tuple[TracerRevision, ...],
    image: str,
    now: datetime,
    reason: AttemptReason,
) -> TracerRevision:
    """Return the revision of a new attempt."""
    number = max((found.spec.revision for found in revisions), default=0) + 1
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
        redaction=build_redaction(router),
        task=reason.task,
        embedder=named_embedder(embedder),
    )
    attempt = AttemptSpec(
        until=request.until,
        row_set=request.digest,
        seed=request.seed,
        minimum=request.minimum,
        labelled=reason.rows,
        task=reason.task,
        cause=reason.text,
        verb=reason.request_id,
        alike=reason.other_request_ids,
        target=parity.target,
        confidence=parity.confidence,
        engine=training.engine,
        workers=training.workers,
        embedder=embedder,
    )
    return _new_revision(router, number, image, attempt)


def build_pass_through(router: TracerRouter, image: str) -> TracerRevision:
    """Return revision 0, which has no surrogate.

    It passes everything to the teacher and records it.
    """
    return _new_revision(router, 0, image, None)


def attempt_request(router: TracerRouter, revision: TracerRevision) -> AttemptRequest:
    """Return the request of a revision as it was when the attempt began.

    Raises:
        ValueError: The revision is a pass-through and has no attempt.
    """
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


def _next_second(now: datetime) -> datetime:
    """Return the first whole second after now.

    A time that is rounded down would exclude segments of the present second, whose rows
    are already counted.
    """
    return now.replace(microsecond=0) + timedelta(seconds=1)


def _redaction(revision: TracerRevision) -> Redaction:
    redaction = revision.spec.redaction
    return Redaction.from_json(redaction) if redaction else Redaction()


def _new_revision(
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
        redaction=build_redaction(router).to_json().decode(),
    )
    phase = RevisionPhase.TRAINING if attempt else RevisionPhase.PASSTHROUGH
    status = TracerRevisionStatus(phase=phase)
    return TracerRevision.model_validate(
        {"metadata": metadata, "spec": spec, "status": status}
    )
