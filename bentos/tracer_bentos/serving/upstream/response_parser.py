"""Parses the copy of a teacher response into an answer for a trace."""

from tracer_bentos.protocols.adapter import ParsedRequest, ParsedResponse
from tracer_bentos.redaction.redactor import Redactor
from tracer_bentos.serving.http_server.tee import ResponseTee
from tracer_core.contracts.traces import TraceStatus

__all__ = ["parse_response_copy"]


def parse_response_copy(
    request: ParsedRequest, tee: ResponseTee, redactor: Redactor
) -> ParsedResponse:
    """Return the answer of the teacher; its status is FAILED if it is incomplete.

    An answer that redaction changes is not a label: the unredacted text would be stored
    permanently, and redacted texts of different answers could be equal.
    """
    reply = tee.reply
    if reply is None:
        return ParsedResponse(TraceStatus.FAILED)
    answer = request.adapter.parse_response(request, reply)
    label = answer.label
    if label is not None and redactor.redact(label) != label:
        return ParsedResponse(TraceStatus.ABNORMAL, usage=answer.usage)
    return answer
