"""The stub teacher's chat completions and legacy completions."""

import json
from collections.abc import Iterator
from typing import Any

from stage.rule import Reply
from stage.wire import Event, pieces, usage

__all__ = ["chat", "chat_events", "completion", "completion_events"]

_USAGE = usage("prompt_tokens", "completion_tokens")
_TOKEN = {"token": "a", "logprob": -0.1, "bytes": [97], "top_logprobs": []}


def chat(asked: dict[str, Any], reply: Reply) -> dict[str, Any]:
    """Give a whole chat completion."""
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
            "logprobs": _logprobs(asked),
            "finish_reason": _finish(reply),
        }
        for index in range(asked.get("n") or 1)
    ]
    return {**_head(asked, "chat.completion"), "choices": choices, "usage": _USAGE}


def chat_events(asked: dict[str, Any], reply: Reply) -> Iterator[Event]:
    """Give a chat completion chunk by chunk."""
    wanted = (asked.get("stream_options") or {}).get("include_usage")
    tail: dict[str, Any] = {"usage": None} if wanted else {}
    head = _head(asked, "chat.completion.chunk")
    deltas = [*_deltas(reply), {}]
    for number, delta in enumerate(deltas, 1):
        ended = _finish(reply) if number == len(deltas) else None
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": ended}
        yield "", {**head, "choices": [choice], **tail}
    if wanted:
        yield "", {**head, "choices": [], "usage": _USAGE}
    yield "", "[DONE]"


def completion(asked: dict[str, Any], reply: Reply) -> dict[str, Any]:
    """Give a whole legacy completion."""
    choice = _text_choice(reply.text or "", "stop")
    return {**_text_head(asked), "choices": [choice], "usage": _USAGE}


def completion_events(asked: dict[str, Any], reply: Reply) -> Iterator[Event]:
    """Give a legacy completion piece by piece."""
    for piece in pieces(reply.text or ""):
        yield "", {**_text_head(asked), "choices": [_text_choice(piece, None)]}
    yield "", {**_text_head(asked), "choices": [_text_choice("", "stop")]}
    yield "", "[DONE]"


def _deltas(reply: Reply) -> Iterator[dict[str, Any]]:
    opening = None if reply.text is None else ""
    yield {"role": "assistant", "content": opening, "refusal": None}
    for piece in pieces(reply.text or ""):
        yield {"content": piece}
    for index, (name, arguments) in enumerate(reply.calls):
        call = _call(index, name, arguments)
        text = call["function"]["arguments"]
        begun = {**call, "function": {"name": name, "arguments": ""}}
        yield {"tool_calls": [{"index": index, **begun}]}
        for piece in pieces(text):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _call(index: int, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    function = {"name": name, "arguments": json.dumps(arguments)}
    return {"id": f"call_{index}", "type": "function", "function": function}


def _logprobs(asked: dict[str, Any]) -> dict[str, Any] | None:
    return {"content": [_TOKEN], "refusal": None} if asked.get("logprobs") else None


def _finish(reply: Reply) -> str:
    return "tool_calls" if reply.calls else "stop"


def _head(asked: dict[str, Any], kind: str) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": kind,
        "created": 1,
        "model": asked["model"],
        "service_tier": "default",
        "system_fingerprint": "fp_1",
    }


def _text_head(asked: dict[str, Any]) -> dict[str, Any]:
    model = asked["model"]
    return {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": model}


def _text_choice(text: str, finished: str | None) -> dict[str, Any]:
    return {"text": text, "index": 0, "logprobs": None, "finish_reason": finished}
