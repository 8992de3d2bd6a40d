"""Write an answer as an Anthropic message, complete or as events."""

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
"""Usage of an answer of the surrogate: the teacher counts and bills no tokens."""


def render(request: ParsedRequest, answer: ParsedAnswer) -> RenderedResponse:
    """Return the response in the format that the client requested."""
    blocks = list(_blocks(answer))
    end = "tool_use" if answer.calls else "end_turn"
    if not request.stream:
        message = _message(request, blocks, end)
        return RenderedResponse("application/json", compact_json(message))
    events = [
        format_event(compact_json(event), event["type"])
        for event in _events(request, answer, end)
    ]
    return RenderedResponse(EVENT_STREAM, b"".join(events))


def _blocks(answer: ParsedAnswer) -> Iterator[Document]:
    if answer.text:
        yield {"type": "text", "text": answer.text}
    for call in answer.calls:
        yield {
            "type": "tool_use",
            "id": f"toolu_{secrets.token_urlsafe(18)}",
            "name": call.name,
            "input": json.loads(call.arguments),
        }


def _message(
    request: ParsedRequest, blocks: list[Document], end: str | None
) -> Document:
    return {
        "id": f"msg_{secrets.token_urlsafe(18)}",
        "type": "message",
        "role": "assistant",
        "model": request.model,
        "content": blocks,
        "stop_reason": end,
        "stop_sequence": None,
        "usage": _NO_USAGE,
    }


def _events(
    request: ParsedRequest, answer: ParsedAnswer, end: str
) -> Iterator[Document]:
    yield {"type": "message_start", "message": _message(request, [], None)}
    for index, block in enumerate(_blocks(answer)):
        yield from _block_events(index, block)
    delta = {"stop_reason": end, "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 0}}
    yield {"type": "message_stop"}


def _block_events(index: int, block: Document) -> Iterator[Document]:
    if block["type"] == "text":
        started = {**block, "text": ""}
        delta = {"type": "text_delta", "text": block["text"]}
    else:
        started = {**block, "input": {}}
        arguments = compact_json(block["input"]).decode()
        delta = {"type": "input_json_delta", "partial_json": arguments}
    yield {"type": "content_block_start", "index": index, "content_block": started}
    if index == 0:
        yield {"type": "ping"}
    yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}
