"""Chat completions and legacy completions of the stub teacher."""

import json
from collections.abc import Iterator
from typing import Any

from stage.rule import Reply
from stage.wire import Event, split_text, usage

__all__ = ["chat", "chat_events", "completion", "completion_events"]

_USAGE = usage("prompt_tokens", "completion_tokens")
_TOKEN = {"token": "a", "logprob": -0.1, "bytes": [97], "top_logprobs": []}


def chat(request: dict[str, Any], reply: Reply) -> dict[str, Any]:
    """Return a complete chat completion."""
    message: dict[str, Any] = {
        "role": "assistant",
        "content": reply.text,
        "refusal": None,
        "annotations": [],
    }
    if reply.calls:
        message["tool_calls"] = [_call(n, *c) for n, c in enumerate(reply.calls)]
    choices = [
        {
            "index": index,
            "message": message,
            "logprobs": _logprobs(request),
            "finish_reason": _finish(reply),
        }
        for index in range(request.get("n") or 1)
    ]
    return {
        **_envelope(request, "chat.completion"),
        "choices": choices,
        "usage": _USAGE,
    }


def chat_events(request: dict[str, Any], reply: Reply) -> Iterator[Event]:
    """Yield the chunks of a chat completion."""
    include_usage = (request.get("stream_options") or {}).get("include_usage")
    usage_field: dict[str, Any] = {"usage": None} if include_usage else {}
    envelope = _envelope(request, "chat.completion.chunk")
    deltas = [*_deltas(reply), {}]
    for number, delta in enumerate(deltas, 1):
        finish_reason = _finish(reply) if number == len(deltas) else None
        choice = {
            "index": 0,
            "delta": delta,
            "logprobs": None,
            "finish_reason": finish_reason,
        }
        yield "", {**envelope, "choices": [choice], **usage_field}
    if include_usage:
        yield "", {**envelope, "choices": [], "usage": _USAGE}
    yield "", "[DONE]"


def completion(request: dict[str, Any], reply: Reply) -> dict[str, Any]:
    """Return a complete legacy completion."""
    choice = _text_choice(reply.text or "", "stop")
    return {**_text_envelope(request), "choices": [choice], "usage": _USAGE}


def completion_events(request: dict[str, Any], reply: Reply) -> Iterator[Event]:
    """Yield the chunks of a legacy completion."""
    for chunk in split_text(reply.text or ""):
        yield "", {**_text_envelope(request), "choices": [_text_choice(chunk, None)]}
    yield "", {**_text_envelope(request), "choices": [_text_choice("", "stop")]}
    yield "", "[DONE]"


def _deltas(reply: Reply) -> Iterator[dict[str, Any]]:
    content = None if reply.text is None else ""
    yield {"role": "assistant", "content": content, "refusal": None}
    for chunk in split_text(reply.text or ""):
        yield {"content": chunk}
    for index, (name, arguments) in enumerate(reply.calls):
        call = _call(index, name, arguments)
        text = call["function"]["arguments"]
        started = {**call, "function": {"name": name, "arguments": ""}}
        yield {"tool_calls": [{"index": index, **started}]}
        for chunk in split_text(text):
            yield {"tool_calls": [{"index": index, "function": {"arguments": chunk}}]}


def _call(index: int, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    function = {"name": name, "arguments": json.dumps(arguments)}
    return {"id": f"call_{index}", "type": "function", "function": function}


def _logprobs(request: dict[str, Any]) -> dict[str, Any] | None:
    return {"content": [_TOKEN], "refusal": None} if request.get("logprobs") else None


def _finish(reply: Reply) -> str:
    return "tool_calls" if reply.calls else "stop"


def _envelope(request: dict[str, Any], kind: str) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": kind,
        "created": 1,
        "model": request["model"],
        "service_tier": "default",
        "system_fingerprint": "fp_1",
    }


def _text_envelope(request: dict[str, Any]) -> dict[str, Any]:
    model = request["model"]
    return {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": model}


def _text_choice(text: str, finish_reason: str | None) -> dict[str, Any]:
    return {"text": text, "index": 0, "logprobs": None, "finish_reason": finish_reason}
