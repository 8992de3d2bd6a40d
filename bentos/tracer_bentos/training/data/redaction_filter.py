"""Redacts the texts of traces as serving does, with the redactor of the attempt."""

from collections.abc import Iterator
from typing import BinaryIO

from tracer_bentos.redaction.redactor import Redactor
from tracer_bentos.training.data.reader import LineFault, numbered_lines
from tracer_core.contracts.traces import TraceRecord

__all__ = ["redact_as_served", "served_lines"]


def redact_as_served(record: TraceRecord, redactor: Redactor) -> TraceRecord | None:
    """Return the trace as serving would store it; none if that is unknown.

    An external trace is redacted here. A trace that another redactor has changed
    is no example of served texts, because the original text is lost.
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
    """Yield line numbers and redacted traces of an open file, and close it."""
    for number, found in numbered_lines(stream, source):
        if isinstance(found, LineFault):
            yield number, found
        else:
            reason = (
                f"redacted by another redactor than {redactor.identity}; capture the"
                " trace again"
            )
            served = redact_as_served(found, redactor)
            yield number, served or LineFault(source, number, reason)
