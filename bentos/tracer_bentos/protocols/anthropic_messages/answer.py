"""Parse messages of an Anthropic teacher, complete or streamed."""

import json
from typing import Any, Final

from tracer_bentos.protocols.adapter import ParsedResponse, TeacherReply
from tracer_bentos.protocols.conversation import label_response
from tracer_bentos.protocols.json_body import compact_json
from tracer_bentos.protocols.label import FunctionCall, ParsedAnswer
from tracer_bentos.protocols.sse import read_documents
from tracer_bentos.protocols.tokens import TokenUsage, parse_usage

__all__ = ["read_answer"]

Document = dict[str, Any]

_DELTA_FIELDS: Final = {"text_delta": "text", "input_json_delta": "partial_json"}
"""The field with the content, by type of a delta."""


def read_answer(reply: TeacherReply, *, in_json: bool) -> ParsedResponse:
    """Return the parsed response: a label only if one complete answer ended normally.

    Raises:
        One of `MALFORMED`: The response does not have the format of the API.
    """
    message = _read_message(reply)
    usage = _read_usage(message.get("usage"))
    answer = _parse_answer(message["content"])
    ends = {"tool_use"} if answer and answer.calls else {"end_turn"}
    ended = message.get("stop_reason") in ends and not message.get("container")
    return label_response(answer if ended else None, usage, in_json=in_json)


def _read_message(reply: TeacherReply) -> Document:
    if not reply.is_stream:
        return dict(json.loads(reply.content))
    message: Document = {}
    for event in read_documents(reply.content):
        _add_event(message, event)
    return message


def _add_event(message: Document, event: Document) -> None:
    match event:
        case {"type": "message_start", "message": started}:
            message.update(started)
        case {"type": "content_block_start", "content_block": block}:
            message["content"].append(block)
        case {"type": "content_block_delta", "index": index, "delta": delta}:
            _add_delta(message["content"][index], delta)
        case {"type": "message_delta", "delta": delta, **rest}:
            message.update(delta)
            message["usage"] = {**message["usage"], **(rest.get("usage") or {})}
        case {"type": "error"}:
            raise ValueError("the stream ended with an error event")
        case _:
            pass  # pings, ends of blocks, and unknown types of events


def _add_delta(block: Document, delta: Document) -> None:
    # Any other type of delta raises KeyError: it is not part of a label.
    fragment = delta[_DELTA_FIELDS[delta["type"]]]
    if delta["type"] == "text_delta":
        block["text"] += fragment
    else:
        block["json"] = block.get("json", "") + fragment


def _parse_answer(content: list[Document]) -> ParsedAnswer | None:
    texts: list[str] = []
    calls: list[FunctionCall] = []
    for block in content:
        match block:
            case {"type": "text", "text": str(text), **rest}:
                if rest.get("citations") or calls or texts:
                    return None
                texts.append(text)
            case {"type": "tool_use", "name": str(name), "input": value, **rest}:
                arguments = rest.get("json") or compact_json(value).decode()
                calls.append(FunctionCall(name, arguments))
            case _:
                return None
    return ParsedAnswer("".join(texts) or None, tuple(calls))


def _read_usage(usage: Document | None) -> TokenUsage | None:
    if not usage:
        return None
    cached = usage.get("cache_read_input_tokens") or 0
    cache_writes = usage.get("cache_creation_input_tokens") or 0
    prompt = usage["input_tokens"] + cache_writes + cached
    return parse_usage(prompt, usage["output_tokens"], cached)
