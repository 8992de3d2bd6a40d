"""The stub teacher's responses."""

import json
from collections.abc import Iterator
from typing import Any

from stage.rule import Reply
from stage.wire import Event, pieces, usage

__all__ = ["response", "response_events"]

_USAGE = {
    **usage("input_tokens", "output_tokens"),
    "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
    "output_tokens_details": {"reasoning_tokens": 0},
}
Document = dict[str, Any]


def response(asked: Document, reply: Reply) -> Document:
    """Give a whole response."""
    return _response(asked, "completed", _items(reply))


def response_events(asked: Document, reply: Reply) -> Iterator[Event]:
    """Give a response event by event."""
    for number, event in enumerate(_events(asked, reply)):
        yield event["type"], {**event, "sequence_number": number}


def _response(asked: Document, status: str, output: list[Document]) -> Document:
    done = status == "completed"
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": status,
        "background": False,
        "completed_at": 2 if done else None,
        "error": None,
        "incomplete_details": None,
        "instructions": asked.get("instructions"),
        "max_output_tokens": None,
        "max_tool_calls": None,
        "model": asked["model"],
        "output": output,
        "parallel_tool_calls": True,
        "previous_response_id": asked.get("previous_response_id"),
        "prompt_cache_key": None,
        "reasoning": {"effort": None, "summary": None},
        "safety_identifier": None,
        "service_tier": "default",
        "store": asked.get("store", True),
        "temperature": 1.0,
        "text": asked.get("text")
        or {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": asked.get("tool_choice", "auto"),
        "tools": asked.get("tools", []),
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": _USAGE if done else None,
        "user": None,
        "metadata": {},
    }


def _items(reply: Reply) -> list[Document]:
    items: list[Document] = []
    if reply.text:
        part = {"type": "output_text", "annotations": [], "logprobs": []}
        items.append(
            {
                "id": "msg_1",
                "type": "message",
                "status": "completed",
                "content": [{**part, "text": reply.text}],
                "role": "assistant",
            }
        )
    for index, (name, arguments) in enumerate(reply.calls):
        items.append(
            {
                "id": f"fc_{index}",
                "type": "function_call",
                "status": "completed",
                "arguments": json.dumps(arguments),
                "call_id": f"call_{index}",
                "name": name,
            }
        )
    return items


def _events(asked: Document, reply: Reply) -> Iterator[Document]:
    opening = _response(asked, "in_progress", [])
    yield {"type": "response.created", "response": opening}
    yield {"type": "response.in_progress", "response": opening}
    for index, item in enumerate(_items(reply)):
        message = item["type"] == "message"
        begun = {"content": []} if message else {"arguments": ""}
        begun = {**item, **begun, "status": "in_progress"}
        place = {"output_index": index}
        yield {"type": "response.output_item.added", **place, "item": begun}
        place["item_id"] = item["id"]
        yield from _message(place, item) if message else _call(place, item)
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    whole = _response(asked, "completed", _items(reply))
    yield {"type": "response.completed", "response": whole}


def _message(place: Document, item: Document) -> Iterator[Document]:
    part = item["content"][0]
    place = {**place, "content_index": 0}
    begun = {**part, "text": ""}
    yield {"type": "response.content_part.added", **place, "part": begun}
    kind = "response.output_text"
    for piece in pieces(part["text"]):
        yield {"type": f"{kind}.delta", **place, "delta": piece, "logprobs": []}
    yield {"type": f"{kind}.done", **place, "text": part["text"], "logprobs": []}
    yield {"type": "response.content_part.done", **place, "part": part}


def _call(place: Document, item: Document) -> Iterator[Document]:
    kind = "response.function_call_arguments"
    for piece in pieces(item["arguments"]):
        yield {"type": f"{kind}.delta", **place, "delta": piece}
    whole = {"arguments": item["arguments"], "name": item["name"]}
    yield {"type": f"{kind}.done", **place, **whole}
