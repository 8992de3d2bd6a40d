"""Write an answer as an OpenAI chat completion, complete or streamed."""

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
"""Usage of an answer of the surrogate: the teacher counts and bills no tokens."""

Delta = dict[str, Any]


def render(request: ParsedRequest, answer: ParsedAnswer) -> RenderedResponse:
    """Return the response in the format that the client requested."""
    if request.stream:
        events = b"".join(
            format_event(compact_json(chunk)) for chunk in _chunks(request, answer)
        )
        return RenderedResponse(EVENT_STREAM, events + format_event(b"[DONE]"))
    return RenderedResponse(
        "application/json", compact_json(_complete(request, answer))
    )


def wants_usage(request: ParsedRequest) -> bool:
    """Return whether the client requests usage at the end of a stream."""
    options = request.document.get("stream_options") or {}
    return options.get("include_usage") is True


def _complete(request: ParsedRequest, answer: ParsedAnswer) -> dict[str, Any]:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": answer.text,
        "refusal": None,
        "annotations": [],
    }
    if answer.calls:
        message["tool_calls"] = [_call(call, call.arguments) for call in answer.calls]
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": _finish(answer),
    }
    envelope = _envelope(request, "chat.completion")
    return {**envelope, "choices": [choice], "usage": NO_USAGE}


def _chunks(request: ParsedRequest, answer: ParsedAnswer) -> Iterator[dict[str, Any]]:
    envelope = _envelope(request, "chat.completion.chunk")
    usage = wants_usage(request)
    usage_field: dict[str, Any] = {"usage": None} if usage else {}
    deltas = [*_deltas(answer), {}]
    for number, delta in enumerate(deltas, 1):
        choice = {
            "index": 0,
            "delta": delta,
            "logprobs": None,
            "finish_reason": _finish(answer) if number == len(deltas) else None,
        }
        yield {**envelope, "choices": [choice], **usage_field}
    if usage:
        yield {**envelope, "choices": [], "usage": NO_USAGE}


def _deltas(answer: ParsedAnswer) -> Iterator[Delta]:
    content = None if answer.text is None else ""
    yield {"role": "assistant", "content": content, "refusal": None}
    if answer.text:
        yield {"content": answer.text}
    for index, call in enumerate(answer.calls):
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


def _finish(answer: ParsedAnswer) -> str:
    return answer.finish or ("tool_calls" if answer.calls else "stop")


def _envelope(request: ParsedRequest, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{secrets.token_urlsafe(21)}",
        "object": kind,
        "created": int(time.time()),
        "model": request.model,
        "service_tier": "default",
        "system_fingerprint": None,
    }
