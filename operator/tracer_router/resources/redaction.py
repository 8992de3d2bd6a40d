"""The redaction of texts before they are recorded or classified."""

from tracer_core.contracts.redaction import NO_REDACTOR, Redaction, RedactionPattern
from tracer_router.api import Capture, TracerRouter

__all__ = ["build_redaction"]


def build_redaction(router: TracerRouter) -> Redaction:
    """Return the redaction that the spec defines."""
    traces = router.spec.traces
    if traces.capture is Capture.RAW:
        return Redaction(redactor=NO_REDACTOR)
    patterns = tuple(
        RedactionPattern(name=pattern.name, pattern=pattern.pattern)
        for pattern in traces.redact
    )
    return Redaction(redactor=traces.redactor, patterns=patterns)
