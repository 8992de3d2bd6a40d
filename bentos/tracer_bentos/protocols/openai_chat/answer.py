"""Parse chat completions of a teacher, complete or streamed."""

import json
from dataclasses import dataclass, field
from typing import Any, Final

from tracer_bentos.protocols.adapter import ParsedResponse, TeacherReply
from tracer_bentos.protocols.conversation import label_response
from tracer_bentos.protocols.label import FunctionCall, ParsedAnswer
from tracer_bentos.protocols.sse import read_documents
from tracer_bentos.protocols.tokens import TokenUsage, parse_usage
from tracer_core.contracts.traces import TraceStatus

__all__ = ["STREAM_END", "read_answer", "read_usage"]

STREAM_END: Final = "[DONE]"
"""Data of the last event of a stream."""

_LABEL_FIELDS: Final = frozenset({"content", "role", "tool_calls"})
"""Fields of a message that a label contains; no other field may have a value."""


def read_answer(reply: TeacherReply, *, in_json: bool) -> ParsedResponse:
    """Return the parsed response: a label only if one complete answer ended normally.

    Raises:
        One of `MALFORMED`: The response does not have the format of the API.
    """
    if not reply.is_stream:
        return _read_complete(json.loads(reply.content), in_json=in_json)
    assembler = _StreamAssembler()
    for chunk in read_documents(reply.content, STREAM_END):
        assembler.add_chunk(chunk)
    return assembler.response(in_json=in_json)


def read_usage(usage: dict[str, Any] | None) -> TokenUsage | None:
    """Return the token counts of a chat completion or completion."""
    if not usage:
        return None
    details = usage.get("prompt_tokens_details") or {}
    return parse_usage(
        usage["prompt_tokens"], usage["completion_tokens"], details.get("cached_tokens")
    )


def _read_complete(document: dict[str, Any], *, in_json: bool) -> ParsedResponse:
    usage = read_usage(document.get("usage"))
    choices = document["choices"]
    if len(choices) != 1:
        return ParsedResponse(TraceStatus.ABNORMAL, usage=usage)
    message = choices[0]["message"]
    assembler = _StreamAssembler(usage=usage)
    assembler.add_message(message, message.get("tool_calls") or [])
    assembler.finish_reason = choices[0].get("finish_reason")
    return assembler.response(in_json=in_json)


@dataclass(slots=True)
class _StreamAssembler:
    """Assembles an answer from one message or from the deltas of a stream."""

    text: str = ""
    calls: list[FunctionCall] = field(default_factory=list)
    finish_reason: str | None = None
    has_other_output: bool = False
    usage: TokenUsage | None = None

    def add_message(self, message: dict[str, Any], calls: list[dict[str, Any]]) -> None:
        self.text += message.get("content") or ""
        self.has_other_output = self.has_other_output or any(
            value for name, value in message.items() if name not in _LABEL_FIELDS
        )
        for position, call in enumerate(calls):
            self._add_call(call, call.get("index", position))

    def _add_call(self, call: dict[str, Any], index: int) -> None:
        if call.get("type") not in (None, "function"):
            self.has_other_output = True
        function = call["function"]
        name, arguments = function.get("name") or "", function.get("arguments") or ""
        if index == len(self.calls):
            self.calls.append(FunctionCall(name, arguments))
        else:  # a stream contains the arguments of one call in several deltas
            known = self.calls[index]
            self.calls[index] = FunctionCall(
                known.name + name, known.arguments + arguments
            )

    def add_chunk(self, chunk: dict[str, Any]) -> None:
        self.usage = read_usage(chunk.get("usage")) or self.usage
        self.has_other_output = self.has_other_output or "error" in chunk
        for choice in chunk.get("choices") or []:
            delta = choice.get("delta") or {}
            self.add_message(delta, delta.get("tool_calls") or [])
            self.finish_reason = choice.get("finish_reason") or self.finish_reason
            if choice.get("index", 0) != 0:
                self.has_other_output = True

    def response(self, *, in_json: bool) -> ParsedResponse:
        ended = self.finish_reason in self._normal_ends and not self.has_other_output
        answer = self._answer() if ended else None
        return label_response(answer, self.usage, in_json=in_json)

    @property
    def _normal_ends(self) -> set[str]:
        # A call of the tool that the client chose ends with `stop`.
        return {"stop", "tool_calls"} if self.calls else {"stop"}

    def _answer(self) -> ParsedAnswer:
        chosen = self.calls and self.finish_reason == "stop"
        return ParsedAnswer(self.text, tuple(self.calls), "stop" if chosen else None)
