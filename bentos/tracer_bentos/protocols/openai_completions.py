"""OpenAI's legacy completions: one prompt, one text.

The complete prompt is the input. The mining of templates finds its fixed parts.
"""

import json
import secrets
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from typing_extensions import override

from tracer_bentos.protocols.adapter import (
    ParsedRequest,
    ParsedResponse,
    RenderedResponse,
    TeacherReply,
    TextSegment,
)
from tracer_bentos.protocols.conversation import MAX_INPUT_CHARACTERS, label_response
from tracer_bentos.protocols.json_body import compact_json
from tracer_bentos.protocols.label import ParsedAnswer
from tracer_bentos.protocols.openai_adapter import OpenAIAdapter
from tracer_bentos.protocols.openai_chat.answer import STREAM_END, read_usage
from tracer_bentos.protocols.openai_chat.render import NO_USAGE, wants_usage
from tracer_bentos.protocols.response_constraints import ResponseConstraints
from tracer_bentos.protocols.sse import EVENT_STREAM, format_event, read_documents

__all__ = ["OpenAICompletions"]

_REFUSED_FIELDS: Final = frozenset({"echo", "logprobs", "store", "suffix"})
"""Fields with effects or outputs that a label cannot represent."""


class OpenAICompletions(OpenAIAdapter):
    """The adapter of `POST /v1/completions`."""

    name = "openai-completions"
    operation = "completions"
    has_path_patterns = True
    output_parameters = frozenset({"logit_bias", "max_tokens", "stop"})
    omitted_fields = _REFUSED_FIELDS | {
        "best_of",
        "model",
        "n",
        "prompt",
        "seed",
        "service_tier",
        "stream",
        "stream_options",
        "user",
    }

    @override
    def has_one_plain_answer(self, document: dict[str, Any]) -> bool:
        """Return whether the request allows one text."""
        values = [document.get(name) for name in _REFUSED_FIELDS]
        # Not `has_any`: `logprobs: 0` requests logprobs, unlike `echo: false`.
        if any(value is not None and value is not False for value in values):
            return False
        return all(document.get(name) in (None, 1) for name in ("best_of", "n"))

    @override
    def segments(self, document: dict[str, Any]) -> tuple[TextSegment, ...] | None:
        """Return the prompt; none if there are several."""
        match document.get("prompt"):
            case str(text) | [str(text)] if 0 < len(text) <= MAX_INPUT_CHARACTERS:
                return (TextSegment("prompt", text, fixed=False),)
            case _:
                return None

    @override
    def constraints(self, document: Mapping[str, Any]) -> ResponseConstraints:
        """Return the constraints: any text, no tool calls."""
        del document
        return ResponseConstraints(may_call=False)

    @override
    def parse_reply(self, reply: TeacherReply, *, in_json: bool) -> ParsedResponse:
        """Return the parsed response, complete or streamed."""
        if reply.is_stream:
            documents = read_documents(reply.content, STREAM_END)
        else:
            documents = iter((json.loads(reply.content),))
        return _read_answer(documents, in_json=in_json)

    @override
    def render_answer(
        self, request: ParsedRequest, answer: ParsedAnswer
    ) -> RenderedResponse:
        """Return a completion, complete or streamed."""
        text = answer.text or ""
        if not request.stream:
            content = compact_json(_complete(request, text))
            return RenderedResponse("application/json", content)
        events = b"".join(
            format_event(compact_json(chunk)) for chunk in _chunks(request, text)
        )
        return RenderedResponse(
            EVENT_STREAM, events + format_event(STREAM_END.encode())
        )


def _read_answer(
    documents: Iterator[dict[str, Any]], *, in_json: bool
) -> ParsedResponse:
    text, finish_reason, usage, is_single = "", None, None, True
    for document in documents:
        usage = read_usage(document.get("usage")) or usage
        is_single = is_single and "error" not in document
        for choice in document.get("choices") or []:
            text += choice.get("text") or ""
            finish_reason = choice.get("finish_reason") or finish_reason
            is_single = is_single and choice.get("index", 0) == 0
    ended = is_single and finish_reason == "stop"
    return label_response(ParsedAnswer(text) if ended else None, usage, in_json=in_json)


def _complete(request: ParsedRequest, text: str) -> dict[str, Any]:
    return {
        **_envelope(request),
        "choices": [_choice(text, "stop")],
        "usage": NO_USAGE,
    }


def _chunks(request: ParsedRequest, text: str) -> Iterator[dict[str, Any]]:
    envelope, usage = _envelope(request), wants_usage(request)
    usage_field: dict[str, Any] = {"usage": None} if usage else {}
    yield {**envelope, "choices": [_choice(text, None)], **usage_field}
    yield {**envelope, "choices": [_choice("", "stop")], **usage_field}
    if usage:
        yield {**envelope, "choices": [], "usage": NO_USAGE}


def _choice(text: str, finish_reason: str | None) -> dict[str, Any]:
    return {"text": text, "index": 0, "logprobs": None, "finish_reason": finish_reason}


def _envelope(request: ParsedRequest) -> dict[str, Any]:
    return {
        "id": f"cmpl-{secrets.token_urlsafe(21)}",
        "object": "text_completion",
        "created": int(time.time()),
        "model": request.model,
        "system_fingerprint": None,
    }
