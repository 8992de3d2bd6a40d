"""Reads what the teacher answered to a request for a response."""

import json
from http import HTTPStatus
from typing import Any, Final

from tracer_bentos.protocols.adapter import ParsedResponse, TeacherReply
from tracer_bentos.protocols.chat.answer import MALFORMED
from tracer_bentos.protocols.label import FunctionCall, ParsedAnswer, canonical_label
from tracer_bentos.protocols.sse import read_events
from tracer_bentos.protocols.tokens import TokenUsage, parse_usage
from tracer_core.contracts.traces import TraceStatus

__all__ = ["read_answer"]

_CARRIED: Final = ("content", "encrypted_content", "summary")
"""What a reasoning item may carry for the client; without it, it says nothing."""


def read_answer(reply: TeacherReply, *, in_json: bool) -> ParsedResponse:
    """Give the answer: a label only when one whole answer ended of its own accord."""
    if reply.status != HTTPStatus.OK:
        return ParsedResponse(TraceStatus.FAILED)
    try:
        return _read(_response(reply), in_json)
    except MALFORMED:
        return ParsedResponse(
            TraceStatus.ABNORMAL
        )  # not the protocol's shape: never a label


def _response(reply: TeacherReply) -> dict[str, Any]:
    """Give the response; a stream repeats the whole of it at its end."""
    if not reply.content_type.startswith("text/event-stream"):
        return dict(json.loads(reply.content))
    response: dict[str, Any] = {}
    for data in read_events(reply.content):
        response = json.loads(data).get("response") or response
    return response


def _read(response: dict[str, Any], in_json: bool) -> ParsedResponse:
    usage = _usage(response.get("usage"))
    said = _parsed_answer(response["output"])
    whole = response.get("status") == "completed" and not response.get("error")
    label = canonical_label(said, in_json=in_json) if said and whole else None
    return ParsedResponse(
        TraceStatus.OK if label else TraceStatus.ABNORMAL, label, usage
    )


def _parsed_answer(output: list[dict[str, Any]]) -> ParsedAnswer | None:
    texts: list[str] = []
    calls: list[FunctionCall] = []
    for item in output:
        match item:
            case {"type": "message", "content": [part]} if not calls and not texts:
                texts.append(_text(part))
            case {"type": "function_call", "name": name, "arguments": arguments}:
                calls.append(FunctionCall(name, arguments))
            case {"type": "reasoning"} if not any(map(item.get, _CARRIED)):
                pass
            case _:
                return None
    return ParsedAnswer("".join(texts) or None, tuple(calls))


def _text(part: dict[str, Any]) -> str:
    if part["type"] != "output_text" or part.get("annotations"):
        raise ValueError("a refusal, or a text that points elsewhere")
    return str(part["text"])


def _usage(usage: dict[str, Any] | None) -> TokenUsage | None:
    if not usage:
        return None
    details = usage.get("input_tokens_details") or {}
    return parse_usage(
        usage["input_tokens"], usage["output_tokens"], details.get("cached_tokens")
    )
