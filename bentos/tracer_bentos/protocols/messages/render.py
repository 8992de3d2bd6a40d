"""Writes a surrogate's answer as an Anthropic message, whole or event by event."""

import json
import secrets
from collections.abc import Iterator
from typing import Any, Final

from tracer_bentos.protocols.adapter import ParsedRequest, RenderedResponse
from tracer_bentos.protocols.json_body import compact_json
from tracer_bentos.protocols.label import ParsedAnswer
from tracer_bentos.protocols.sse import EVENT_STREAM, format_event

__all__ = ["render"]

Document = dict[str, Any]

_NO_USAGE: Final[Document] = {
    "input_tokens": 0,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
    "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
    "output_tokens": 0,
    "service_tier": "standard",
}
"""The teacher has counted nothing, so nothing is billed."""


def render(asked: ParsedRequest, said: ParsedAnswer) -> RenderedResponse:
    """Give the response body, in the form that the client asked for."""
    blocks = list(_blocks(said))
    end = "tool_use" if said.calls else "end_turn"
    if not asked.stream:
        whole = _message(asked, blocks, end)
        return RenderedResponse("application/json", compact_json(whole))
    events = [
        format_event(compact_json(each), each["type"])
        for each in _events(asked, said, end)
    ]
    return RenderedResponse(EVENT_STREAM, b"".join(events))


def _blocks(said: ParsedAnswer) -> Iterator[Document]:
    if said.text:
        yield {"type": "text", "text": said.text}
    for call in said.calls:
        yield {
            "type": "tool_use",
            "id": f"toolu_{secrets.token_urlsafe(18)}",
            "name": call.name,
            "input": json.loads(call.arguments),
        }


def _message(asked: ParsedRequest, blocks: list[Document], end: str | None) -> Document:
    return {
        "id": f"msg_{secrets.token_urlsafe(18)}",
        "type": "message",
        "role": "assistant",
        "model": asked.model,
        "content": blocks,
        "stop_reason": end,
        "stop_sequence": None,
        "usage": _NO_USAGE,
    }


def _events(asked: ParsedRequest, said: ParsedAnswer, end: str) -> Iterator[Document]:
    yield {"type": "message_start", "message": _message(asked, [], None)}
    for index, block in enumerate(_blocks(said)):
        yield from _block_events(index, block)
    delta = {"stop_reason": end, "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 0}}
    yield {"type": "message_stop"}


def _block_events(index: int, block: Document) -> Iterator[Document]:
    if block["type"] == "text":
        begun = {**block, "text": ""}
        delta = {"type": "text_delta", "text": block["text"]}
    else:
        begun = {**block, "input": {}}
        written = compact_json(block["input"]).decode()
        delta = {"type": "input_json_delta", "partial_json": written}
    yield {"type": "content_block_start", "index": index, "content_block": begun}
    if index == 0:
        yield {"type": "ping"}
    yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}
