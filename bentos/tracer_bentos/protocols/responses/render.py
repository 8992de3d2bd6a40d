"""Writes a surrogate's answer as an OpenAI response, whole or event by event."""

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
"""What a response repeats of its request, and what it says where that says nothing."""


def render(asked: ParsedRequest, said: ParsedAnswer) -> RenderedResponse:
    """Give the response body, in the form that the client asked for."""
    items = list(_items(said))
    if not asked.stream:
        whole = _response(asked, "completed", items)
        return RenderedResponse("application/json", compact_json(whole))
    events = [
        format_event(compact_json({**each, "sequence_number": number}), each["type"])
        for number, each in enumerate(_events(asked, items))
    ]
    return RenderedResponse(EVENT_STREAM, b"".join(events))


def _items(said: ParsedAnswer) -> Iterator[Item]:
    if said.text:
        yield {
            "id": f"msg_{secrets.token_hex(24)}",
            "type": "message",
            "status": "completed",
            "content": [_part(said.text)],
            "role": "assistant",
        }
    for call in said.calls:
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


def _response(asked: ParsedRequest, status: str, items: list[Item]) -> dict[str, Any]:
    given = asked.document
    repeated = {
        name: default if given.get(name) is None else given[name]
        for name, default in _DEFAULTS.items()
    }
    done = status == "completed"
    return {
        "id": f"resp_{secrets.token_hex(24)}",
        "object": "response",
        "created_at": int(time.time()),
        "status": status,
        "background": False,
        "completed_at": int(time.time()) if done else None,
        "error": None,
        "incomplete_details": None,
        "model": asked.model,
        "output": items,
        "previous_response_id": None,
        "service_tier": "default",
        "store": False,
        "top_logprobs": 0,
        "usage": _NO_USAGE if done else None,
        **repeated,
    }


def _events(asked: ParsedRequest, items: list[Item]) -> Iterator[dict[str, Any]]:
    opening = _response(asked, "in_progress", [])
    yield {"type": "response.created", "response": opening}
    yield {"type": "response.in_progress", "response": opening}
    for index, item in enumerate(items):
        text = item["type"] == "message"
        yield _item_event("added", index, _begun(item))
        yield from _text_events(index, item) if text else _call_events(index, item)
        yield _item_event("done", index, item)
    closing = _response(asked, "completed", items)
    kept = {"id": opening["id"], "created_at": opening["created_at"]}
    yield {"type": "response.completed", "response": {**closing, **kept}}


def _begun(item: Item) -> Item:
    begun: Item = {**item, "status": "in_progress"}
    if item["type"] == "message":
        return {**begun, "content": []}
    return {**begun, "arguments": ""}


def _item_event(what: str, index: int, item: Item) -> dict[str, Any]:
    return {
        "type": f"response.output_item.{what}",
        "output_index": index,
        "item": item,
    }


def _text_events(index: int, item: Item) -> Iterator[dict[str, Any]]:
    place = {"item_id": item["id"], "output_index": index, "content_index": 0}
    part = item["content"][0]
    text: str = part["text"]
    no_logprobs: Item = {"logprobs": []}
    begun = {**part, "text": ""}
    yield {"type": "response.content_part.added", **place, "part": begun}
    yield {"type": "response.output_text.delta", **place, "delta": text, **no_logprobs}
    yield {"type": "response.output_text.done", **place, "text": text, **no_logprobs}
    yield {"type": "response.content_part.done", **place, "part": part}


def _call_events(index: int, item: Item) -> Iterator[dict[str, Any]]:
    kind = "response.function_call_arguments"
    place = {"item_id": item["id"], "output_index": index}
    yield {"type": f"{kind}.delta", **place, "delta": item["arguments"]}
    whole = {"arguments": item["arguments"], "name": item["name"]}
    yield {"type": f"{kind}.done", **place, **whole}
