"""OpenAI responses of the stub teacher."""

import json
from collections.abc import Iterator
from typing import Any

from stage.rule import Reply
from stage.wire import Event, split_text, usage

__all__ = ["response", "response_events"]

_USAGE = {
    **usage("input_tokens", "output_tokens"),
    "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
    "output_tokens_details": {"reasoning_tokens": 0},
}
Document = dict[str, Any]


def response(request: Document, reply: Reply) -> Document:
    """Return a complete response."""
    return _response(request, "completed", _items(reply))


def response_events(request: Document, reply: Reply) -> Iterator[Event]:
    """Yield the events of a response."""
    for number, event in enumerate(_events(request, reply)):
        yield event["type"], {**event, "sequence_number": number}


def _response(request: Document, status: str, output: list[Document]) -> Document:
    completed = status == "completed"
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": status,
        "background": False,
        "completed_at": 2 if completed else None,
        "error": None,
        "incomplete_details": None,
        "instructions": request.get("instructions"),
        "max_output_tokens": None,
        "max_tool_calls": None,
        "model": request["model"],
        "output": output,
        "parallel_tool_calls": True,
        "previous_response_id": request.get("previous_response_id"),
        "prompt_cache_key": None,
        "reasoning": {"effort": None, "summary": None},
        "safety_identifier": None,
        "service_tier": "default",
        "store": request.get("store", True),
        "temperature": 1.0,
        "text": request.get("text")
        or {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": request.get("tool_choice", "auto"),
        "tools": request.get("tools", []),
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": _USAGE if completed else None,
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


def _events(request: Document, reply: Reply) -> Iterator[Document]:
    opening = _response(request, "in_progress", [])
    yield {"type": "response.created", "response": opening}
    yield {"type": "response.in_progress", "response": opening}
    for index, item in enumerate(_items(reply)):
        is_message = item["type"] == "message"
        started = {"content": []} if is_message else {"arguments": ""}
        started = {**item, **started, "status": "in_progress"}
        position = {"output_index": index}
        yield {"type": "response.output_item.added", **position, "item": started}
        position["item_id"] = item["id"]
        yield from _message(position, item) if is_message else _call(position, item)
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    complete = _response(request, "completed", _items(reply))
    yield {"type": "response.completed", "response": complete}


def _message(position: Document, item: Document) -> Iterator[Document]:
    part = item["content"][0]
    position = {**position, "content_index": 0}
    started = {**part, "text": ""}
    yield {"type": "response.content_part.added", **position, "part": started}
    kind = "response.output_text"
    for chunk in split_text(part["text"]):
        yield {"type": f"{kind}.delta", **position, "delta": chunk, "logprobs": []}
    yield {"type": f"{kind}.done", **position, "text": part["text"], "logprobs": []}
    yield {"type": "response.content_part.done", **position, "part": part}


def _call(position: Document, item: Document) -> Iterator[Document]:
    kind = "response.function_call_arguments"
    for chunk in split_text(item["arguments"]):
        yield {"type": f"{kind}.delta", **position, "delta": chunk}
    complete = {"arguments": item["arguments"], "name": item["name"]}
    yield {"type": f"{kind}.done", **position, **complete}
