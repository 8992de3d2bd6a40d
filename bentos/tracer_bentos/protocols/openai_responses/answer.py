"""Parse responses of a teacher, complete or streamed."""

import json
from typing import Any, Final

from tracer_bentos.protocols.adapter import ParsedResponse, TeacherReply
from tracer_bentos.protocols.conversation import label_response
from tracer_bentos.protocols.label import FunctionCall, ParsedAnswer
from tracer_bentos.protocols.sse import read_documents
from tracer_bentos.protocols.tokens import TokenUsage, parse_usage

__all__ = ["read_answer"]

_REASONING_OUTPUT: Final = ("content", "encrypted_content", "summary")
"""Fields of a reasoning item that the client can use; without them it is ignored."""


def read_answer(reply: TeacherReply, *, in_json: bool) -> ParsedResponse:
    """Return the parsed response: a label only if one complete answer ended normally.

    Raises:
        One of `MALFORMED`: The response does not have the format of the API.
    """
    response = _read_response(reply)
    usage = _read_usage(response.get("usage"))
    answer = _parse_answer(response["output"])
    ended = response.get("status") == "completed" and not response.get("error")
    return label_response(answer if ended else None, usage, in_json=in_json)


def _read_response(reply: TeacherReply) -> dict[str, Any]:
    """Return the response; a stream contains the complete response at its end."""
    if not reply.is_stream:
        return dict(json.loads(reply.content))
    response: dict[str, Any] = {}
    for event in read_documents(reply.content):
        response = event.get("response") or response
    return response


def _parse_answer(output: list[dict[str, Any]]) -> ParsedAnswer | None:
    texts: list[str] = []
    calls: list[FunctionCall] = []
    for item in output:
        match item:
            case {"type": "message", "content": [part]} if not calls and not texts:
                texts.append(_read_text(part))
            case {"type": "function_call", "name": name, "arguments": arguments}:
                calls.append(FunctionCall(name, arguments))
            case {"type": "reasoning"} if not any(map(item.get, _REASONING_OUTPUT)):
                pass
            case _:
                return None
    return ParsedAnswer("".join(texts) or None, tuple(calls))


def _read_text(part: dict[str, Any]) -> str:
    if part["type"] != "output_text" or part.get("annotations"):
        raise ValueError("the content is a refusal or a text with annotations")
    return str(part["text"])


def _read_usage(usage: dict[str, Any] | None) -> TokenUsage | None:
    if not usage:
        return None
    details = usage.get("input_tokens_details") or {}
    return parse_usage(
        usage["input_tokens"], usage["output_tokens"], details.get("cached_tokens")
    )
