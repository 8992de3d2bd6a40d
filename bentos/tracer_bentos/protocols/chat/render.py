"""Writes a surrogate's answer as an OpenAI chat completion, whole or streamed."""

import secrets
import time
from collections.abc import Iterator
from typing import Any

from tracer_bentos.protocols.adapter import ParsedRequest, RenderedResponse
from tracer_bentos.protocols.json_body import compact_json
from tracer_bentos.protocols.label import FunctionCall, ParsedAnswer
from tracer_bentos.protocols.sse import EVENT_STREAM, format_event

__all__ = ["NO_USAGE", "render", "wants_usage"]

NO_USAGE: dict[str, Any] = {
    "prompt_tokens": 0,
    "completion_tokens": 0,
    "total_tokens": 0,
    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
    "completion_tokens_details": {
        "reasoning_tokens": 0,
        "audio_tokens": 0,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
    },
}
"""The teacher has counted nothing, so nothing is billed."""

Delta = dict[str, Any]


def render(asked: ParsedRequest, said: ParsedAnswer) -> RenderedResponse:
    """Give the response body, in the form that the client asked for."""
    if asked.stream:
        events = b"".join(
            format_event(compact_json(chunk)) for chunk in _chunks(asked, said)
        )
        return RenderedResponse(EVENT_STREAM, events + format_event(b"[DONE]"))
    return RenderedResponse("application/json", compact_json(_whole(asked, said)))


def wants_usage(asked: ParsedRequest) -> bool:
    """Say whether the client wants usage at the end of a stream."""
    options = asked.document.get("stream_options") or {}
    return options.get("include_usage") is True


def _whole(asked: ParsedRequest, said: ParsedAnswer) -> dict[str, Any]:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": said.text,
        "refusal": None,
        "annotations": [],
    }
    if said.calls:
        message["tool_calls"] = [_call(call, call.arguments) for call in said.calls]
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": _finish(said),
    }
    head = _head(asked, "chat.completion")
    return {**head, "choices": [choice], "usage": NO_USAGE}


def _chunks(asked: ParsedRequest, said: ParsedAnswer) -> Iterator[dict[str, Any]]:
    head = _head(asked, "chat.completion.chunk")
    usage = wants_usage(asked)
    tail: dict[str, Any] = {"usage": None} if usage else {}
    deltas = [*_deltas(said), {}]
    for number, delta in enumerate(deltas, 1):
        choice = {
            "index": 0,
            "delta": delta,
            "logprobs": None,
            "finish_reason": _finish(said) if number == len(deltas) else None,
        }
        yield {**head, "choices": [choice], **tail}
    if usage:
        yield {**head, "choices": [], "usage": NO_USAGE}


def _deltas(said: ParsedAnswer) -> Iterator[Delta]:
    content = None if said.text is None else ""
    yield {"role": "assistant", "content": content, "refusal": None}
    if said.text:
        yield {"content": said.text}
    for index, call in enumerate(said.calls):
        yield {"tool_calls": [{"index": index, **_call(call, "")}]}
        arguments = {"index": index, "function": {"arguments": call.arguments}}
        yield {"tool_calls": [arguments]}


def _call(call: FunctionCall, arguments: str) -> dict[str, Any]:
    function = {"name": call.name, "arguments": arguments}
    return {
        "id": f"call_{secrets.token_hex(12)}",
        "type": "function",
        "function": function,
    }


def _finish(said: ParsedAnswer) -> str:
    return said.finish or ("tool_calls" if said.calls else "stop")


def _head(asked: ParsedRequest, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{secrets.token_urlsafe(21)}",
        "object": kind,
        "created": int(time.time()),
        "model": asked.model,
        "service_tier": "default",
        "system_fingerprint": None,
    }
