"""Anthropic messages of the stub teacher."""

import json
from collections.abc import Iterator
from typing import Any

from stage.rule import Reply
from stage.wire import Event, split_text

__all__ = ["message", "message_events"]

Document = dict[str, Any]
_USAGE = {
    "input_tokens": 11,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
    "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
    "output_tokens": 3,
    "service_tier": "standard",
}


def message(request: Document, reply: Reply) -> Document:
    """Return a complete message."""
    return _message(request, _blocks(reply), _end(reply))


def message_events(request: Document, reply: Reply) -> Iterator[Event]:
    """Yield the events of a message."""
    for event in _events(request, reply):
        yield event["type"], event


def _blocks(reply: Reply) -> list[Document]:
    texts = [{"type": "text", "text": reply.text}] if reply.text else []
    calls = [
        {"type": "tool_use", "id": f"toolu_{index}", "name": name, "input": arguments}
        for index, (name, arguments) in enumerate(reply.calls)
    ]
    return [*texts, *calls]


def _end(reply: Reply) -> str:
    return "tool_use" if reply.calls else "end_turn"


def _message(request: Document, content: list[Document], end: str | None) -> Document:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": request["model"],
        "content": content,
        "stop_reason": end,
        "stop_sequence": None,
        "usage": _USAGE,
    }


def _events(request: Document, reply: Reply) -> Iterator[Document]:
    yield {"type": "message_start", "message": _message(request, [], None)}
    for index, block in enumerate(_blocks(reply)):
        yield from _block(index, block)
    delta = {"stop_reason": _end(reply), "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 3}}
    yield {"type": "message_stop"}


def _block(index: int, block: Document) -> Iterator[Document]:
    is_text = block["type"] == "text"
    empty: Document = {"text": ""} if is_text else {"input": {}}
    started = {**block, **empty}
    yield {"type": "content_block_start", "index": index, "content_block": started}
    if index == 0:
        yield {"type": "ping"}
    content = block["text"] if is_text else json.dumps(block["input"])
    kind, field = (
        ("text_delta", "text") if is_text else ("input_json_delta", "partial_json")
    )
    for chunk in split_text(content):
        delta = {"type": kind, field: chunk}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}
