"""The stub teacher's Anthropic messages."""

import json
from collections.abc import Iterator
from typing import Any

from stage.rule import Reply
from stage.wire import Event, pieces

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


def message(asked: Document, reply: Reply) -> Document:
    """Give a whole message."""
    return _message(asked, _blocks(reply), _end(reply))


def message_events(asked: Document, reply: Reply) -> Iterator[Event]:
    """Give a message event by event."""
    for event in _events(asked, reply):
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


def _message(asked: Document, content: list[Document], end: str | None) -> Document:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": asked["model"],
        "content": content,
        "stop_reason": end,
        "stop_sequence": None,
        "usage": _USAGE,
    }


def _events(asked: Document, reply: Reply) -> Iterator[Document]:
    yield {"type": "message_start", "message": _message(asked, [], None)}
    for index, block in enumerate(_blocks(reply)):
        yield from _block(index, block)
    delta = {"stop_reason": _end(reply), "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 3}}
    yield {"type": "message_stop"}


def _block(index: int, block: Document) -> Iterator[Document]:
    text = block["type"] == "text"
    empty: Document = {"text": ""} if text else {"input": {}}
    begun = {**block, **empty}
    yield {"type": "content_block_start", "index": index, "content_block": begun}
    if index == 0:
        yield {"type": "ping"}
    whole = block["text"] if text else json.dumps(block["input"])
    kind, field = (
        ("text_delta", "text") if text else ("input_json_delta", "partial_json")
    )
    for piece in pieces(whole):
        delta = {"type": kind, field: piece}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}
