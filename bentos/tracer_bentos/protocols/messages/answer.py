"""Reads what an Anthropic teacher answered, in one piece or streamed."""

import json
from http import HTTPStatus
from typing import Any, Final

from tracer_bentos.protocols.adapter import ParsedResponse, TeacherReply
from tracer_bentos.protocols.chat.answer import MALFORMED
from tracer_bentos.protocols.json_body import compact_json
from tracer_bentos.protocols.label import FunctionCall, ParsedAnswer, canonical_label
from tracer_bentos.protocols.sse import read_events
from tracer_bentos.protocols.tokens import TokenUsage, parse_usage
from tracer_core.contracts.traces import TraceStatus

__all__ = ["read_answer"]

Document = dict[str, Any]

_PIECES: Final = {"text_delta": "text", "input_json_delta": "partial_json"}


def read_answer(reply: TeacherReply, *, in_json: bool) -> ParsedResponse:
    """Give the answer: a label only when one whole answer ended of its own accord."""
    if reply.status != HTTPStatus.OK:
        return ParsedResponse(TraceStatus.FAILED)
    try:
        return _read(_message(reply), in_json)
    except MALFORMED:
        return ParsedResponse(
            TraceStatus.ABNORMAL
        )  # not the protocol's shape: never a label


def _message(reply: TeacherReply) -> Document:
    if not reply.content_type.startswith("text/event-stream"):
        return dict(json.loads(reply.content))
    message: Document = {}
    for data in read_events(reply.content):
        _add(message, json.loads(data))
    return message


def _add(message: Document, part: Document) -> None:
    match part:
        case {"type": "message_start", "message": started}:
            message.update(started)
        case {"type": "content_block_start", "content_block": block}:
            message["content"].append(block)
        case {"type": "content_block_delta", "index": index, "delta": delta}:
            _extend(message["content"][index], delta)
        case {"type": "message_delta", "delta": delta, **rest}:
            message.update(delta)
            message["usage"] = {**message["usage"], **(rest.get("usage") or {})}
        case {"type": "error"}:
            raise ValueError("the stream ended in an error")
        case _:
            pass  # pings, ends of blocks, and kinds that do not exist yet


def _extend(block: Document, delta: Document) -> None:
    piece = delta[_PIECES[delta["type"]]]  # any other kind of delta is no label
    if delta["type"] == "text_delta":
        block["text"] += piece
    else:
        block["json"] = block.get("json", "") + piece


def _read(message: Document, in_json: bool) -> ParsedResponse:
    usage = _usage(message.get("usage"))
    said = _parsed_answer(message["content"])
    ends = {"tool_use"} if said and said.calls else {"end_turn"}
    whole = message.get("stop_reason") in ends and not message.get("container")
    label = canonical_label(said, in_json=in_json) if said and whole else None
    return ParsedResponse(
        TraceStatus.OK if label else TraceStatus.ABNORMAL, label, usage
    )


def _parsed_answer(content: list[Document]) -> ParsedAnswer | None:
    texts: list[str] = []
    calls: list[FunctionCall] = []
    for block in content:
        match block:
            case {"type": "text", "text": str(text), **rest}:
                if rest.get("citations") or calls or texts:
                    return None
                texts.append(text)
            case {"type": "tool_use", "name": str(name), "input": given, **rest}:
                written = rest.get("json") or compact_json(given).decode()
                calls.append(FunctionCall(name, written))
            case _:
                return None
    return ParsedAnswer("".join(texts) or None, tuple(calls))


def _usage(usage: Document | None) -> TokenUsage | None:
    if not usage:
        return None
    cached = usage.get("cache_read_input_tokens") or 0
    written = usage.get("cache_creation_input_tokens") or 0
    whole = usage["input_tokens"] + written + cached
    return parse_usage(whole, usage["output_tokens"], cached)
