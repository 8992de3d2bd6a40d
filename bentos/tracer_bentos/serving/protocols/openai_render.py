"""Writes a surrogate's label as an OpenAI chat completion, whole or streamed."""

import json
import secrets
import time
from collections.abc import Iterator
from typing import Any

from tracer_bentos.serving.protocols.adapter import Question, Rendered

__all__ = ["render"]

_NO_USAGE: dict[str, Any] = {
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


def render(question: Question, label: str) -> Rendered:
    """Give the response body, in the form that the client asked for."""
    if question.stream:
        events = b"".join(_event(chunk) for chunk in _chunks(question, label))
        content = events + b"data: [DONE]\n\n"
        return Rendered("text/event-stream; charset=utf-8", content)
    return Rendered("application/json", _json(_whole(question, label)))


def _whole(question: Question, label: str) -> dict[str, Any]:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": label,
        "refusal": None,
        "annotations": [],
    }
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": "stop",
    }
    return {
        **_head(question, "chat.completion"),
        "choices": [choice],
        "usage": _NO_USAGE,
    }


def _chunks(question: Question, label: str) -> Iterator[dict[str, Any]]:
    head = _head(question, "chat.completion.chunk")
    tail: dict[str, Any] = {"usage": None} if question.include_usage else {}
    opening = {"role": "assistant", "content": "", "refusal": None}
    for delta, finished in ((opening, None), ({"content": label}, None), ({}, "stop")):
        choice = {
            "index": 0,
            "delta": delta,
            "logprobs": None,
            "finish_reason": finished,
        }
        yield {**head, "choices": [choice], **tail}
    if question.include_usage:
        yield {**head, "choices": [], "usage": _NO_USAGE}


def _head(question: Question, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{secrets.token_urlsafe(21)}",
        "object": kind,
        "created": int(time.time()),
        "model": question.model,
        "service_tier": "default",
        "system_fingerprint": None,
    }


def _event(chunk: dict[str, Any]) -> bytes:
    return b"data: " + _json(chunk) + b"\n\n"


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
