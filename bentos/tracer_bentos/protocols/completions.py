"""OpenAI's legacy completions: one prompt, one text.

The whole prompt is what is asked; what of it repeats, the templates of tasks find out.
"""

import json
import secrets
import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from tracer_bentos.protocols.adapter import Answer, Asked, Passage, Rendered, Reply
from tracer_bentos.protocols.chat.answer import MALFORMED, read_usage
from tracer_bentos.protocols.chat.render import NO_USAGE, wants_usage
from tracer_bentos.protocols.conversation import LONGEST_INPUT, asked_of
from tracer_bentos.protocols.errors import openai_error_body
from tracer_bentos.protocols.json_body import (
    compact,
    object_of,
    streams_plainly,
    unstreamed,
)
from tracer_bentos.protocols.label import Said, label_of, said_of
from tracer_bentos.protocols.sse import EVENT_STREAM, event, read_events
from tracer_core.contracts.traces import TraceStatus

__all__ = ["OpenAICompletions"]

_IGNORED: Final = frozenset(
    {"model", "prompt", "seed", "service_tier", "stream", "stream_options", "user"}
)
_BEYOND_THE_ANSWER: Final = frozenset({"echo", "logprobs", "store", "suffix"})
_SILENT: Final = _IGNORED | _BEYOND_THE_ANSWER | {"best_of", "n"}


class OpenAICompletions:
    """The adapter of `POST /v1/completions`."""

    name = "openai-completions"
    path = "/v1/completions"
    request_id = "x-request-id"
    shaping = frozenset({"logit_bias", "max_tokens", "stop"})

    def read(self, body: bytes) -> Asked | None:
        """Give the question; none for whatever only the teacher may answer."""
        document = object_of(body)
        if document is None or not _asks_for_one_text(document):
            return None
        passages = _passages(document.get("prompt"))
        return asked_of(self, document, passages, _SILENT, len(body))

    def answer(self, asked: Asked, reply: Reply) -> Answer:
        """Read the teacher's response, in one piece or streamed."""
        del asked  # a text is a text, whatever was asked
        if reply.status != HTTPStatus.OK:
            return Answer(TraceStatus.FAILED)
        try:
            return _read(_documents(reply))
        except MALFORMED:
            return Answer(TraceStatus.ABNORMAL)

    def render(self, asked: Asked, label: str) -> Rendered | None:
        """Write a label as the teacher would have, with no usage."""
        said = said_of(label)
        if said.text is None or said.calls:
            return None
        if not asked.stream:
            return Rendered("application/json", compact(_whole(asked, said.text)))
        events = b"".join(event(compact(each)) for each in _chunks(asked, said.text))
        return Rendered(EVENT_STREAM, events + event(b"[DONE]"))

    def audit_body(self, asked: Asked) -> bytes:
        """Write the same request for the teacher, to be answered in one piece."""
        return unstreamed(asked.document)

    def error_body(self, status: int, message: str, kind: str, code: str) -> bytes:
        """Write an error of ours as clients of OpenAI expect it."""
        return openai_error_body(status, message, kind, code)


def _asks_for_one_text(document: dict[str, Any]) -> bool:
    asked = [document.get(name) for name in _BEYOND_THE_ANSWER]
    # `logprobs: 0` asks for logprobs, unlike `echo: false`.
    if any(value is not None and value is not False for value in asked):
        return False
    one = all(document.get(name) in (None, 1) for name in ("best_of", "n"))
    return one and streams_plainly(document)


def _passages(prompt: object) -> tuple[Passage, ...] | None:
    match prompt:
        case str(text) | [str(text)] if 0 < len(text) <= LONGEST_INPUT:
            return (Passage("prompt", text, fixed=False),)
        case _:
            return None


def _documents(reply: Reply) -> Iterator[dict[str, Any]]:
    if reply.content_type.startswith("text/event-stream"):
        for data in read_events(reply.content):
            if data != "[DONE]":
                yield json.loads(data)
    else:
        yield json.loads(reply.content)


def _read(documents: Iterator[dict[str, Any]]) -> Answer:
    text, finished, usage, whole = "", None, None, True
    for document in documents:
        usage = read_usage(document.get("usage")) or usage
        whole = whole and "error" not in document
        for choice in document.get("choices") or []:
            text += choice.get("text") or ""
            finished = choice.get("finish_reason") or finished
            whole = whole and choice.get("index", 0) == 0
    label = label_of(Said(text)) if whole and finished == "stop" else None
    status = TraceStatus.OK if label else TraceStatus.ABNORMAL
    return Answer(status, label, usage)


def _whole(asked: Asked, text: str) -> dict[str, Any]:
    return {**_head(asked), "choices": [_choice(text, "stop")], "usage": NO_USAGE}


def _chunks(asked: Asked, text: str) -> Iterator[dict[str, Any]]:
    head, usage = _head(asked), wants_usage(asked)
    tail: dict[str, Any] = {"usage": None} if usage else {}
    yield {**head, "choices": [_choice(text, None)], **tail}
    yield {**head, "choices": [_choice("", "stop")], **tail}
    if usage:
        yield {**head, "choices": [], "usage": NO_USAGE}


def _choice(text: str, finished: str | None) -> dict[str, Any]:
    return {"text": text, "index": 0, "logprobs": None, "finish_reason": finished}


def _head(asked: Asked) -> dict[str, Any]:
    return {
        "id": f"cmpl-{secrets.token_urlsafe(21)}",
        "object": "text_completion",
        "created": int(time.time()),
        "model": asked.model,
        "system_fingerprint": None,
    }
