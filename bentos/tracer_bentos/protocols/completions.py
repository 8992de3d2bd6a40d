"""OpenAI's legacy completions: one prompt, one text.

The whole prompt is what is asked; what of it repeats, the templates of tasks find out.
"""

import json
import secrets
import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from tracer_bentos.protocols.adapter import (
    ParsedRequest,
    ParsedResponse,
    RenderedResponse,
    TeacherReply,
    TextSegment,
)
from tracer_bentos.protocols.chat.answer import MALFORMED, read_usage
from tracer_bentos.protocols.chat.render import NO_USAGE, wants_usage
from tracer_bentos.protocols.conversation import MAX_INPUT_CHARACTERS, build_request
from tracer_bentos.protocols.errors import openai_error_body
from tracer_bentos.protocols.json_body import (
    compact_json,
    has_valid_stream,
    non_streaming_body,
    parse_object,
)
from tracer_bentos.protocols.label import ParsedAnswer, canonical_label, parse_label
from tracer_bentos.protocols.sse import EVENT_STREAM, format_event, read_events
from tracer_core.contracts.traces import TraceStatus

__all__ = ["OpenAICompletions"]

_IGNORED: Final = frozenset(
    {"model", "prompt", "seed", "service_tier", "stream", "stream_options", "user"}
)
_STATEFUL_FIELDS: Final = frozenset({"echo", "logprobs", "store", "suffix"})
_NO_EFFECT_VALUES: Final = _IGNORED | _STATEFUL_FIELDS | {"best_of", "n"}


class OpenAICompletions:
    """The adapter of `POST /v1/completions`."""

    name = "openai-completions"
    path = "/v1/completions"
    request_id = "x-request-id"
    shaping = frozenset({"logit_bias", "max_tokens", "stop"})

    def read(self, body: bytes) -> ParsedRequest | None:
        """Give the question; none for whatever only the teacher may answer."""
        document = parse_object(body)
        if document is None or not _asks_for_one_text(document):
            return None
        passages = _segments(document.get("prompt"))
        return build_request(self, document, passages, _NO_EFFECT_VALUES, len(body))

    def answer(self, asked: ParsedRequest, reply: TeacherReply) -> ParsedResponse:
        """Read the teacher's response, in one piece or streamed."""
        del asked  # a text is a text, whatever was asked
        if reply.status != HTTPStatus.OK:
            return ParsedResponse(TraceStatus.FAILED)
        try:
            return _read(_documents(reply))
        except MALFORMED:
            return ParsedResponse(TraceStatus.ABNORMAL)

    def render(self, asked: ParsedRequest, label: str) -> RenderedResponse | None:
        """Write a label as the teacher would have, with no usage."""
        said = parse_label(label)
        if said.text is None or said.calls:
            return None
        if not asked.stream:
            return RenderedResponse(
                "application/json", compact_json(_whole(asked, said.text))
            )
        events = b"".join(
            format_event(compact_json(each)) for each in _chunks(asked, said.text)
        )
        return RenderedResponse(EVENT_STREAM, events + format_event(b"[DONE]"))

    def audit_body(self, asked: ParsedRequest) -> bytes:
        """Write the same request for the teacher, to be answered in one piece."""
        return non_streaming_body(asked.document)

    def error_body(self, status: int, message: str, kind: str, code: str) -> bytes:
        """Write an error of ours as clients of OpenAI expect it."""
        return openai_error_body(status, message, kind, code)


def _asks_for_one_text(document: dict[str, Any]) -> bool:
    asked = [document.get(name) for name in _STATEFUL_FIELDS]
    # `logprobs: 0` asks for logprobs, unlike `echo: false`.
    if any(value is not None and value is not False for value in asked):
        return False
    one = all(document.get(name) in (None, 1) for name in ("best_of", "n"))
    return one and has_valid_stream(document)


def _segments(prompt: object) -> tuple[TextSegment, ...] | None:
    match prompt:
        case str(text) | [str(text)] if 0 < len(text) <= MAX_INPUT_CHARACTERS:
            return (TextSegment("prompt", text, fixed=False),)
        case _:
            return None


def _documents(reply: TeacherReply) -> Iterator[dict[str, Any]]:
    if reply.content_type.startswith("text/event-stream"):
        for data in read_events(reply.content):
            if data != "[DONE]":
                yield json.loads(data)
    else:
        yield json.loads(reply.content)


def _read(documents: Iterator[dict[str, Any]]) -> ParsedResponse:
    text, finished, usage, whole = "", None, None, True
    for document in documents:
        usage = read_usage(document.get("usage")) or usage
        whole = whole and "error" not in document
        for choice in document.get("choices") or []:
            text += choice.get("text") or ""
            finished = choice.get("finish_reason") or finished
            whole = whole and choice.get("index", 0) == 0
    label = (
        canonical_label(ParsedAnswer(text)) if whole and finished == "stop" else None
    )
    status = TraceStatus.OK if label else TraceStatus.ABNORMAL
    return ParsedResponse(status, label, usage)


def _whole(asked: ParsedRequest, text: str) -> dict[str, Any]:
    return {**_head(asked), "choices": [_choice(text, "stop")], "usage": NO_USAGE}


def _chunks(asked: ParsedRequest, text: str) -> Iterator[dict[str, Any]]:
    head, usage = _head(asked), wants_usage(asked)
    tail: dict[str, Any] = {"usage": None} if usage else {}
    yield {**head, "choices": [_choice(text, None)], **tail}
    yield {**head, "choices": [_choice("", "stop")], **tail}
    if usage:
        yield {**head, "choices": [], "usage": NO_USAGE}


def _choice(text: str, finished: str | None) -> dict[str, Any]:
    return {"text": text, "index": 0, "logprobs": None, "finish_reason": finished}


def _head(asked: ParsedRequest) -> dict[str, Any]:
    return {
        "id": f"cmpl-{secrets.token_urlsafe(21)}",
        "object": "text_completion",
        "created": int(time.time()),
        "model": asked.model,
        "system_fingerprint": None,
    }
