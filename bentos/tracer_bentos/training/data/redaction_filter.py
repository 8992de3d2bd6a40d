"""Traces as the surrogate will see their texts: redacted in the one way asked for."""

from collections.abc import Iterator
from typing import BinaryIO

from tracer_bentos.redaction.redactor import Redactor
from tracer_bentos.training.data.reader import LineFault, numbered_lines
from tracer_core.contracts.traces import TraceRecord

__all__ = ["redact_as_served", "served_lines"]


def redact_as_served(record: TraceRecord, redactor: Redactor) -> TraceRecord | None:
    """Give the trace as serving would have kept it; none when it cannot be told.

    A trace from elsewhere is redacted here. One that went through another redactor has
    lost what this one would have seen, so it is no example of what will be served.
    """
    if record.redaction == redactor.identity:
        return record
    if record.redaction is not None:
        return None
    label = record.teacher
    personal = label is not None and redactor.redact(label) != label
    text = redactor.redact(record.input)
    kept = {"input": text, "teacher": None if personal else label}
    return record.model_copy(update=kept)


def served_lines(
    stream: BinaryIO, source: str, redactor: Redactor
) -> Iterator[tuple[int, TraceRecord | LineFault]]:
    """Read an open trace file as serving would have kept it, with numbers of lines."""
    for number, found in numbered_lines(stream, source):
        if isinstance(found, LineFault):
            yield number, found
        else:
            reason = f"redacted otherwise than by {redactor.identity}: capture it anew"
            served = redact_as_served(found, redactor)
            yield number, served or LineFault(source, number, reason)
