"""Whether a certificate still covers what the spec requires."""

from dataclasses import dataclass

from tracer_core.contracts.redaction import Redaction
from tracer_router.api import Reason, TracerRevision, TracerRouter
from tracer_router.resources.pod.teacher import teacher_identity
from tracer_router.resources.redaction import build_redaction

__all__ = ["Invalidation", "find_invalidation", "teacher_identity"]


@dataclass(frozen=True, slots=True)
class Invalidation:
    """Why a certificate no longer covers the spec."""

    reason: Reason
    """The cause, for the condition `Certified`."""
    message: str
    """The certified value and the required value."""


def find_invalidation(
    router: TracerRouter, revision: TracerRevision
) -> Invalidation | None:
    """Return why a revision's certificate does not cover the spec; None if it does."""
    required_teacher = teacher_identity(router)
    if revision.spec.teacher != required_teacher:
        return Invalidation(
            Reason.TEACHER_REPLACED,
            f"certified for teacher {revision.spec.teacher}, but spec.teacher is "
            f"{required_teacher}",
        )
    redaction = revision.spec.redaction or Redaction().to_json().decode()
    if redaction != build_redaction(router).to_json().decode():
        return Invalidation(
            Reason.REDACTION_CHANGED,
            "certified on texts with another redaction than spec.traces configures",
        )
    return _find_weaker_claim(router, revision)


def _find_weaker_claim(
    router: TracerRouter, revision: TracerRevision
) -> Invalidation | None:
    parity = router.spec.parity
    for task in revision.status.tasks:
        certificate = task.certificate
        if certificate.target.fraction < parity.target.fraction:
            return Invalidation(
                Reason.TARGET_RAISED,
                f"certified at target {certificate.target}, but spec.parity.target is "
                f"{parity.target}",
            )
        if certificate.confidence.fraction < parity.confidence.fraction:
            return Invalidation(
                Reason.CONFIDENCE_RAISED,
                f"certified at confidence {certificate.confidence}, but "
                f"spec.parity.confidence is {parity.confidence}",
            )
    return None
