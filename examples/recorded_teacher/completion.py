"""Chat completions in the format of OpenAI, from a label; no input or output."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = [
    "MODEL",
    "answer",
    "chunks",
    "error",
    "last_user_text",
    "models",
    "usage",
]

MODEL = "gpt-4"
_CREATED = 1_700_000_000
_CHARACTERS_PER_TOKEN = 4
_TOKENS_PER_MESSAGE = 4


def last_user_text(messages: list[Mapping[str, Any]]) -> str:
    """Return the text of the last user message, a string or joined parts."""
    for message in reversed(messages):
        if message.get("role") == "user":
            return _text(message.get("content"))
    return ""


def usage(messages: list[Mapping[str, Any]], label: str) -> dict[str, int]:
    """Return token counts: characters divided by four, an estimate for English."""
    text = "".join(_text(message.get("content")) for message in messages)
    prompt = _tokens(text) + _TOKENS_PER_MESSAGE * len(messages)
    completion = _tokens(label)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def answer(text: str, label: str, counts: Mapping[str, int]) -> dict[str, Any]:
    """Return the complete response."""
    message = {"role": "assistant", "content": label, "refusal": None}
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": "stop",
    }
    head = _head(text, "chat.completion")
    return {**head, "choices": [choice], "usage": dict(counts)}


def chunks(
    text: str, label: str, counts: Mapping[str, int] | None
) -> Iterator[dict[str, Any]]:
    """Yield the stream: role, pieces, the end, and the usage if requested."""
    head = _head(text, "chat.completion.chunk")
    pieces = [label[at : at + 6] for at in range(0, len(label), 6)]
    deltas: list[dict[str, str]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": piece} for piece in pieces]
    for delta in deltas:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}
        yield {**head, "choices": [choice]}
    last = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}
    yield {**head, "choices": [last]}
    if counts is not None:
        yield {**head, "choices": [], "usage": dict(counts)}


def models() -> dict[str, Any]:
    """Return the response of ``GET /v1/models``."""
    model = {"id": MODEL, "object": "model", "created": _CREATED, "owned_by": "openai"}
    return {"object": "list", "data": [model]}


def error(message: str, kind: str, code: str | None) -> dict[str, Any]:
    """Return an error in the format of OpenAI."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _head(text: str, kind: str) -> dict[str, Any]:
    number = hashlib.sha256(text.encode()).hexdigest()[:24]
    return {
        "id": f"chatcmpl-{number}",
        "object": kind,
        "created": _CREATED,
        "model": MODEL,
        "system_fingerprint": None,
    }


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content)
    return "" if content is None else json.dumps(content)


def _tokens(text: str) -> int:
    return max(1, round(len(text) / _CHARACTERS_PER_TOKEN))
