"""From the copy of a teacher's response to an answer that a trace may hold."""

from tracer_bentos.protocols.adapter import ParsedRequest, ParsedResponse
from tracer_bentos.redaction.redactor import Redactor
from tracer_bentos.serving.http_server.tee import ResponseTee
from tracer_core.contracts.traces import TraceStatus

__all__ = ["parse_response_copy"]


def parse_response_copy(
    asked: ParsedRequest, tee: ResponseTee, redactor: Redactor
) -> ParsedResponse:
    """Give the teacher's answer; failed when it never came to its end.

    A text in which redaction finds something is no label: written out it would be kept
    for good, and redacted it would make unlike answers look alike.
    """
    reply = tee.reply
    if reply is None:
        return ParsedResponse(TraceStatus.FAILED)
    answer = asked.adapter.answer(asked, reply)
    label = answer.label
    if label is not None and redactor.redact(label) != label:
        return ParsedResponse(TraceStatus.ABNORMAL, usage=answer.usage)
    return answer
