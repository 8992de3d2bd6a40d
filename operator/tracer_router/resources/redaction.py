"""What texts go through before they are kept, as pods and training Jobs are told."""

from tracer_core.contracts import runtime
from tracer_core.contracts.redaction import NO_REDACTOR, Redaction, RedactionPattern
from tracer_router.api import Capture, TracerRouter

__all__ = ["redaction_of", "redaction_values"]


def redaction_of(router: TracerRouter) -> Redaction:
    """Give the redaction that the spec asks for."""
    traces = router.spec.traces
    if traces.capture is Capture.RAW:
        return Redaction(redactor=NO_REDACTOR)
    patterns = tuple(
        RedactionPattern(name=each.name, pattern=each.pattern) for each in traces.redact
    )
    return Redaction(redactor=traces.redactor, patterns=patterns)


def redaction_values(router: TracerRouter) -> dict[str, str]:
    """Give the redaction and whether anything is kept, as environment."""
    return {
        runtime.CAPTURE: str(router.spec.traces.capture.value),
        runtime.REDACTION: redaction_of(router).to_json().decode(),
    }
