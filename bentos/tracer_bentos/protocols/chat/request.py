"""OpenAI chat completions: which requests are questions.

A question is plain text, in one turn or several, below any instructions. Whatever has
effects or state beyond its answer, or asks for more than one whole answer, is not ours.
"""

from typing import Any, Final

from tracer_bentos.protocols.adapter import (
    ParsedRequest,
    ParsedResponse,
    RenderedResponse,
    TeacherReply,
    TextSegment,
)
from tracer_bentos.protocols.chat.answer import read_answer
from tracer_bentos.protocols.chat.render import render
from tracer_bentos.protocols.conversation import (
    build_request,
    dialogue_text,
    single_text,
    tool_names,
)
from tracer_bentos.protocols.errors import openai_error_body
from tracer_bentos.protocols.json_body import (
    has_any,
    has_valid_stream,
    non_streaming_body,
    parse_object,
)
from tracer_bentos.protocols.label import parse_label
from tracer_bentos.protocols.response_constraints import ResponseConstraints

__all__ = ["OpenAIChat"]

_INSTRUCTIONS: Final = frozenset({"system", "developer"})
_TURNS: Final = frozenset({"user", "assistant"})

_IGNORED: Final = frozenset(
    {
        "messages",
        "metadata",
        "model",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "safety_identifier",
        "seed",
        "service_tier",
        "stream",
        "stream_options",
        "user",
    }
)
"""Not part of the question. Anything unknown is: a new parameter is a new task."""

_STATEFUL_FIELDS: Final = frozenset(
    {
        "audio",
        "background",
        "conversation",
        "function_call",
        "functions",
        "logprobs",
        "moderation",
        "previous_response_id",
        "store",
        "top_logprobs",
        "web_search_options",
    }
)
"""Parameters with effects, state or outputs that a label cannot stand for."""

_NO_EFFECT_VALUES: Final = _IGNORED | _STATEFUL_FIELDS | {"modalities", "n"}
"""Those, and parameters that a question can only leave at their defaults."""


class OpenAIChat:
    """The adapter of `POST /v1/chat/completions`."""

    name = "openai-chat"
    path = "/v1/chat/completions"
    request_id = "x-request-id"
    shaping = frozenset(
        {
            "logit_bias",
            "max_completion_tokens",
            "max_tokens",
            "parallel_tool_calls",
            "response_format",
            "stop",
            "tool_choice",
            "tools",
        }
    )

    def read(self, body: bytes) -> ParsedRequest | None:
        """Give the question; none for whatever only the teacher may answer."""
        document = parse_object(body)
        if document is None or not _asks_for_one_answer(document):
            return None
        passages = _segments(document.get("messages"))
        return build_request(self, document, passages, _NO_EFFECT_VALUES, len(body))

    def answer(self, asked: ParsedRequest, reply: TeacherReply) -> ParsedResponse:
        """Read the teacher's response, in one piece or streamed."""
        return read_answer(reply, in_json=_response_constraints(asked).in_json)

    def render(self, asked: ParsedRequest, label: str) -> RenderedResponse | None:
        """Write a label as the teacher would have, with no usage."""
        said = parse_label(label)
        return (
            render(asked, said) if _response_constraints(asked).allows(said) else None
        )

    def audit_body(self, asked: ParsedRequest) -> bytes:
        """Write the same request for the teacher, to be answered in one piece."""
        return non_streaming_body(asked.document)

    def error_body(self, status: int, message: str, kind: str, code: str) -> bytes:
        """Write an error of ours as clients of OpenAI expect it."""
        return openai_error_body(status, message, kind, code)


def _response_constraints(asked: ParsedRequest) -> ResponseConstraints:
    document = asked.document
    wanted = document.get("response_format") or {}
    choice = document.get("tool_choice")
    named = choice.get("function", {}).get("name") if isinstance(choice, dict) else None
    return ResponseConstraints(
        in_json=wanted.get("type") in {"json_object", "json_schema"},
        tools=tool_names(tool.get("function") for tool in document.get("tools") or []),
        must_call=choice == "required" or named is not None,
        only=named,
        may_call=choice != "none",
        one_call=document.get("parallel_tool_calls") is False,
    )


def _asks_for_one_answer(document: dict[str, Any]) -> bool:
    if has_any(document, _STATEFUL_FIELDS):
        return False
    if document.get("n") not in (None, 1) or not has_valid_stream(document):
        return False
    if document.get("modalities") not in (None, ["text"]):
        return False
    return _format_is_known(document) and _tools_are_the_clients(document)


def _format_is_known(document: dict[str, Any]) -> bool:
    match document.get("response_format"):
        case None | {"type": "text" | "json_object" | "json_schema"}:
            return True
        case _:
            return False


def _tools_are_the_clients(document: dict[str, Any]) -> bool:
    """Say whether the client runs all tools itself; built-in tools have effects."""
    tools = document.get("tools") or []
    match document.get("tool_choice"):
        case None | "none" | "auto" | "required":
            known = True
        case {"type": "function", "function": {"name": str()}}:
            known = True
        case _:
            known = False
    return known and isinstance(tools, list) and all(map(_is_function, tools))


def _is_function(tool: object) -> bool:
    match tool:
        case {"type": "function", "function": {"name": str()}}:
            return True
        case _:
            return False


def _segments(messages: object) -> tuple[TextSegment, ...] | None:
    if not isinstance(messages, list):
        return None
    spoken = [_messages(message) for message in messages]
    known = [each for each in spoken if each]
    if len(known) != len(spoken):
        return None
    return dialogue_text(known, instructions=_INSTRUCTIONS)


def _messages(message: object) -> tuple[str, str] | None:
    """Give the role and the text of a message; none when it holds anything else."""
    match message:
        case {"role": str(role), "content": content, **rest} if not any(rest.values()):
            text = single_text(content, "text")
            known = role in _INSTRUCTIONS or role in _TURNS
            return (role, text) if known and text is not None else None
        case _:
            return None
