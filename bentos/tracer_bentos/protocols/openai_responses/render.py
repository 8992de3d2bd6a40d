"""Write an answer as an OpenAI response, complete or as events."""

import secrets
import time
from collections.abc import Iterator
from typing import Any, Final

from tracer_bentos.protocols.adapter import ParsedRequest, RenderedResponse
from tracer_bentos.protocols.json_body import compact_json
from tracer_bentos.protocols.label import ParsedAnswer
from tracer_bentos.protocols.sse import EVENT_STREAM, format_event

__all__ = ["render"]

Item = dict[str, Any]

_NO_USAGE: Final[dict[str, Any]] = {
    "input_tokens": 0,
    "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0},
    "output_tokens": 0,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 0,
}

_DEFAULTS: Final[dict[str, Any]] = {
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "prompt_cache_key": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}, "verbosity": "medium"},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}
"""Fields that a response repeats of its request, and their values if not set."""


def render(request: ParsedRequest, answer: ParsedAnswer) -> RenderedResponse:
    """Return the response in the format that the client requested."""
    items = list(_items(answer))
    if not request.stream:
        response = _response(request, "completed", items)
        return RenderedResponse("application/json", compact_json(response))
    events = [
        format_event(compact_json({**event, "sequence_number": number}), event["type"])
        for number, event in enumerate(_events(request, items))
    ]
    return RenderedResponse(EVENT_STREAM, b"".join(events))


def _items(answer: ParsedAnswer) -> Iterator[Item]:
    if answer.text:
        yield {
            "id": f"msg_{secrets.token_hex(24)}",
            "type": "message",
            "status": "completed",
            "content": [_part(answer.text)],
            "role": "assistant",
        }
    for call in answer.calls:
        yield {
            "id": f"fc_{secrets.token_hex(24)}",
            "type": "function_call",
            "status": "completed",
            "arguments": call.arguments,
            "call_id": f"call_{secrets.token_hex(12)}",
            "name": call.name,
        }


def _part(text: str) -> Item:
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def _response(request: ParsedRequest, status: str, items: list[Item]) -> dict[str, Any]:
    document = request.document
    repeated = {
        name: default if document.get(name) is None else document[name]
        for name, default in _DEFAULTS.items()
    }
    completed = status == "completed"
    return {
        "id": f"resp_{secrets.token_hex(24)}",
        "object": "response",
        "created_at": int(time.time()),
        "status": status,
        "background": False,
        "completed_at": int(time.time()) if completed else None,
        "error": None,
        "incomplete_details": None,
        "model": request.model,
        "output": items,
        "previous_response_id": None,
        "service_tier": "default",
        "store": False,
        "top_logprobs": 0,
        "usage": _NO_USAGE if completed else None,
        **repeated,
    }


def _events(request: ParsedRequest, items: list[Item]) -> Iterator[dict[str, Any]]:
    opening = _response(request, "in_progress", [])
    yield {"type": "response.created", "response": opening}
    yield {"type": "response.in_progress", "response": opening}
    for index, item in enumerate(items):
        is_message = item["type"] == "message"
        yield _item_event("added", index, _started(item))
        events = _text_events if is_message else _call_events
        yield from events(index, item)
        yield _item_event("done", index, item)
    closing = _response(request, "completed", items)
    identity = {"id": opening["id"], "created_at": opening["created_at"]}
    yield {"type": "response.completed", "response": {**closing, **identity}}


def _started(item: Item) -> Item:
    started: Item = {**item, "status": "in_progress"}
    if item["type"] == "message":
        return {**started, "content": []}
    return {**started, "arguments": ""}


def _item_event(change: str, index: int, item: Item) -> dict[str, Any]:
    return {
        "type": f"response.output_item.{change}",
        "output_index": index,
        "item": item,
    }


def _text_events(index: int, item: Item) -> Iterator[dict[str, Any]]:
    position = {"item_id": item["id"], "output_index": index, "content_index": 0}
    part = item["content"][0]
    text: str = part["text"]
    no_logprobs: Item = {"logprobs": []}
    started = {**part, "text": ""}
    yield {"type": "response.content_part.added", **position, "part": started}
    yield {
        "type": "response.output_text.delta",
        **position,
        "delta": text,
        **no_logprobs,
    }
    yield {"type": "response.output_text.done", **position, "text": text, **no_logprobs}
    yield {"type": "response.content_part.done", **position, "part": part}


def _call_events(index: int, item: Item) -> Iterator[dict[str, Any]]:
    kind = "response.function_call_arguments"
    position = {"item_id": item["id"], "output_index": index}
    yield {"type": f"{kind}.delta", **position, "delta": item["arguments"]}
    call = {"arguments": item["arguments"], "name": item["name"]}
    yield {"type": f"{kind}.done", **position, **call}
