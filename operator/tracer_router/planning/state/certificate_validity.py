"""Whether a certificate still covers what the spec asks for."""

from tracer_core.contracts.redaction import Redaction
from tracer_router.api import TracerRevision, TracerRouter
from tracer_router.resources.redaction import redaction_of
from tracer_router.resources.teacher import teacher_identity

__all__ = ["invalid_reason", "teacher_identity"]


def invalid_reason(router: TracerRouter, revision: TracerRevision) -> str | None:
    """Say why a revision's certificate no longer covers the spec; None if it does."""
    if revision.spec.teacher != teacher_identity(router):
        return f"certified against another teacher ({revision.spec.teacher})"
    said = revision.spec.redaction or Redaction().to_json().decode()
    if said != redaction_of(router).to_json().decode():
        return "certified on texts that were redacted otherwise"
    parity = router.spec.parity
    for task in revision.status.tasks:
        certificate = task.certificate
        if certificate.target.fraction < parity.target.fraction:
            return f"certified at {certificate.target}, asked {parity.target}"
        if certificate.confidence.fraction < parity.confidence.fraction:
            return f"certified at confidence {certificate.confidence}"
    return None
