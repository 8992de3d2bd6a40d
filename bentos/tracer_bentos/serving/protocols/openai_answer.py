"""Reads what an OpenAI-compatible teacher answered, in one piece or streamed."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from tracer_bentos.serving.prices import Usage
from tracer_bentos.serving.protocols.adapter import Answer, Reply
from tracer_router.contracts.traces import TraceStatus

__all__ = ["read_answer"]

_ABNORMAL = Answer(TraceStatus.ABNORMAL)
_MORE_THAN_TEXT = ("tool_calls", "function_call", "refusal", "audio")


def read_answer(reply: Reply) -> Answer:
    """Give the answer: a label only when one whole text ended of its own accord."""
    if reply.status != HTTPStatus.OK:
        return Answer(TraceStatus.FAILED)
    try:
        if reply.content_type.startswith("text/event-stream"):
            return _read_stream(reply.content)
        return _read_whole(json.loads(reply.content))
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return _ABNORMAL  # not the protocol's shape: never a label


def _read_whole(document: dict[str, Any]) -> Answer:
    usage = _usage(document.get("usage"))
    choices = document["choices"]
    if len(choices) != 1:
        return Answer(TraceStatus.ABNORMAL, usage=usage)
    message = choices[0]["message"]
    return _answer(
        text=message.get("content"),
        finished=choices[0].get("finish_reason"),
        more=any(message.get(name) for name in _MORE_THAN_TEXT),
        usage=usage,
    )


@dataclass(slots=True)
class _Assembled:
    pieces: list[str] = field(default_factory=list)
    finished: str | None = None
    more: bool = False
    usage: Usage | None = None

    def add(self, chunk: dict[str, Any]) -> None:
        self.usage = _usage(chunk.get("usage")) or self.usage
        self.more = self.more or "error" in chunk
        for choice in chunk.get("choices") or []:
            delta = choice.get("delta") or {}
            self.pieces.append(delta.get("content") or "")
            self.finished = choice.get("finish_reason") or self.finished
            extra = any(delta.get(name) for name in _MORE_THAN_TEXT)
            self.more = self.more or extra or choice.get("index", 0) != 0


def _read_stream(content: bytes) -> Answer:
    whole = _Assembled()
    for data in _events(content):
        if data != "[DONE]":
            whole.add(json.loads(data))
    text = "".join(whole.pieces)
    return _answer(text, whole.finished, more=whole.more, usage=whole.usage)


def _events(content: bytes) -> Iterator[str]:
    lines = content.decode().replace("\r\n", "\n").replace("\r", "\n")
    for event in lines.split("\n\n"):
        data = [
            line.removeprefix("data:").removeprefix(" ")
            for line in event.split("\n")
            if line.startswith("data:")
        ]
        if data:
            yield "\n".join(data)


def _answer(
    text: object, finished: object, *, more: bool, usage: Usage | None
) -> Answer:
    if more or finished != "stop" or not isinstance(text, str) or not text:
        return Answer(TraceStatus.ABNORMAL, usage=usage)
    return Answer(TraceStatus.OK, text, usage)


def _usage(usage: dict[str, Any] | None) -> Usage | None:
    if not usage:
        return None
    details = usage.get("prompt_tokens_details") or {}
    return Usage(
        prompt=int(usage["prompt_tokens"]),
        completion=int(usage["completion_tokens"]),
        cached=int(details.get("cached_tokens") or 0),
    )
