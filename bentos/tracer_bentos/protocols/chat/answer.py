"""Reads what an OpenAI-compatible teacher answered, in one piece or streamed."""

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from tracer_bentos.protocols.adapter import ParsedResponse, TeacherReply
from tracer_bentos.protocols.label import FunctionCall, ParsedAnswer, canonical_label
from tracer_bentos.protocols.sse import read_events
from tracer_bentos.protocols.tokens import TokenUsage, parse_usage
from tracer_core.contracts.traces import TraceStatus

__all__ = ["MALFORMED", "read_answer", "read_usage"]

MALFORMED: Final = (ValueError, TypeError, LookupError, AttributeError, RecursionError)
"""What reading a response raises that is not of the protocol's shape."""

_UNDERSTOOD: Final = frozenset({"content", "role", "tool_calls"})
"""What a label can hold. Anything else that says something is more than a label."""


def read_answer(reply: TeacherReply, *, in_json: bool) -> ParsedResponse:
    """Give the answer: a label only when one whole answer ended of its own accord."""
    if reply.status != HTTPStatus.OK:
        return ParsedResponse(TraceStatus.FAILED)
    try:
        if reply.content_type.startswith("text/event-stream"):
            return _read_stream(reply.content, in_json)
        return _read_whole(json.loads(reply.content), in_json)
    except MALFORMED:
        return ParsedResponse(
            TraceStatus.ABNORMAL
        )  # not the protocol's shape: never a label


def _read_whole(document: dict[str, Any], in_json: bool) -> ParsedResponse:
    usage = read_usage(document.get("usage"))
    choices = document["choices"]
    if len(choices) != 1:
        return ParsedResponse(TraceStatus.ABNORMAL, usage=usage)
    message = choices[0]["message"]
    whole = _StreamAssembler(usage=usage)
    whole.message(message, message.get("tool_calls") or [])
    whole.finished = choices[0].get("finish_reason")
    return whole.answer(in_json)


@dataclass(slots=True)
class _StreamAssembler:
    text: str = ""
    calls: list[FunctionCall] = field(default_factory=list)
    finished: str | None = None
    more: bool = False
    usage: TokenUsage | None = None

    def message(self, message: dict[str, Any], calls: list[dict[str, Any]]) -> None:
        self.text += message.get("content") or ""
        self.more = self.more or any(
            value for name, value in message.items() if name not in _UNDERSTOOD
        )
        for place, call in enumerate(calls):
            self._call(call, call.get("index", place))

    def _call(self, call: dict[str, Any], place: int) -> None:
        self.more = self.more or call.get("type") not in (None, "function")
        function = call["function"]
        name, arguments = function.get("name") or "", function.get("arguments") or ""
        if place == len(self.calls):
            self.calls.append(FunctionCall(name, arguments))
        else:  # a stream gives the arguments of one call in pieces
            known = self.calls[place]
            self.calls[place] = FunctionCall(
                known.name + name, known.arguments + arguments
            )

    def chunk(self, chunk: dict[str, Any]) -> None:
        self.usage = read_usage(chunk.get("usage")) or self.usage
        self.more = self.more or "error" in chunk
        for choice in chunk.get("choices") or []:
            delta = choice.get("delta") or {}
            self.message(delta, delta.get("tool_calls") or [])
            self.finished = choice.get("finish_reason") or self.finished
            self.more = self.more or choice.get("index", 0) != 0

    def answer(self, in_json: bool) -> ParsedResponse:
        label = None if self.more else canonical_label(self._said(), in_json=in_json)
        if label is None or self.finished not in self._ends:
            return ParsedResponse(TraceStatus.ABNORMAL, usage=self.usage)
        return ParsedResponse(TraceStatus.OK, label, self.usage)

    @property
    def _ends(self) -> set[str]:
        # A tool that the client chose ends with `stop`, one that the model chose not.
        return {"stop", "tool_calls"} if self.calls else {"stop"}

    def _said(self) -> ParsedAnswer:
        chosen = self.calls and self.finished == "stop"
        return ParsedAnswer(self.text, tuple(self.calls), "stop" if chosen else None)


def _read_stream(content: bytes, in_json: bool) -> ParsedResponse:
    whole = _StreamAssembler()
    for data in read_events(content):
        if data != "[DONE]":
            whole.chunk(json.loads(data))
    return whole.answer(in_json)


def read_usage(usage: dict[str, Any] | None) -> TokenUsage | None:
    """Give the tokens as OpenAI's older interfaces count them."""
    if not usage:
        return None
    details = usage.get("prompt_tokens_details") or {}
    return parse_usage(
        usage["prompt_tokens"], usage["completion_tokens"], details.get("cached_tokens")
    )
