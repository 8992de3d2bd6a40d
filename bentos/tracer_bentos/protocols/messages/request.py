"""Anthropic messages: which requests are questions.

Thinking, containers, servers of tools and tools that Anthropic runs are the teacher's
alone; so is a turn that the client has begun for the assistant.
"""

from collections.abc import Mapping
from typing import Any, Final

from tracer_bentos.protocols.adapter import (
    ParsedRequest,
    ParsedResponse,
    RenderedResponse,
    TeacherReply,
    TextSegment,
)
from tracer_bentos.protocols.conversation import (
    build_request,
    dialogue_text,
    single_text,
    tool_names,
)
from tracer_bentos.protocols.json_body import (
    has_any,
    has_valid_stream,
    non_streaming_body,
    omit,
    parse_object,
)
from tracer_bentos.protocols.label import parse_label
from tracer_bentos.protocols.messages.answer import read_answer
from tracer_bentos.protocols.messages.errors import anthropic_error_body
from tracer_bentos.protocols.messages.render import render
from tracer_bentos.protocols.response_constraints import ResponseConstraints

__all__ = ["AnthropicMessages"]

_TURNS: Final = frozenset({"user", "assistant"})

_IGNORED: Final = frozenset(
    {
        "cache_control",
        "inference_geo",
        "messages",
        "metadata",
        "model",
        "service_tier",
        "speed",
        "stream",
        "system",
        "user_profile_id",
        "workspace_id",
    }
)

_STATEFUL_FIELDS: Final = frozenset(
    {"container", "context_management", "diagnostics", "mcp_servers"}
)
"""Parameters with effects, state or outputs that a label cannot stand for."""

_NO_EFFECT_VALUES: Final = _IGNORED | _STATEFUL_FIELDS


class AnthropicMessages:
    """The adapter of `POST /v1/messages`."""

    name = "anthropic-messages"
    path = "/v1/messages"
    request_id = "request-id"
    shaping = frozenset(
        {
            "max_tokens",
            "output_config",
            "output_format",
            "stop_sequences",
            "tool_choice",
            "tools",
        }
    )

    def read(self, body: bytes) -> ParsedRequest | None:
        """Give the question; none for whatever only the teacher may answer."""
        document = parse_object(body)
        if document is None or not _asks_for_one_answer(document):
            return None
        return build_request(
            self, document, _segments(document), _NO_EFFECT_VALUES, len(body)
        )

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
        """Write an error of ours as clients of Anthropic expect it."""
        return anthropic_error_body(status, message, kind, code)


def _response_constraints(asked: ParsedRequest) -> ResponseConstraints:
    document = asked.document
    choice = document.get("tool_choice") or {}
    kind = choice.get("type")
    return ResponseConstraints(
        in_json=_wants_json(document),
        tools=tool_names(document.get("tools") or []),
        must_call=kind in {"any", "tool"},
        only=choice.get("name") if kind == "tool" else None,
        may_call=kind != "none",
        one_call=choice.get("disable_parallel_tool_use") is True,
    )


def _wants_json(document: Mapping[str, Any]) -> bool:
    config = document.get("output_config")
    wanted = config.get("format") if isinstance(config, dict) else None
    return bool(wanted or document.get("output_format"))


def _asks_for_one_answer(document: dict[str, Any]) -> bool:
    if has_any(document, _STATEFUL_FIELDS):
        return False
    if not has_valid_stream(document):
        return False
    match document.get("thinking"):
        case None | {"type": "disabled"}:
            return _tools_are_the_clients(document)
        case _:
            return False


def _tools_are_the_clients(document: dict[str, Any]) -> bool:
    tools = document.get("tools") or []
    match document.get("tool_choice"):
        case None | {"type": "auto" | "any" | "none"}:
            known = True
        case {"type": "tool", "name": str()}:
            known = True
        case _:
            known = False
    return known and isinstance(tools, list) and all(map(_is_custom, tools))


def _is_custom(tool: object) -> bool:
    """Say whether the client runs the tool; those with another type Anthropic runs."""
    match tool:
        case {"name": str(), **rest}:
            return rest.get("type") in (None, "custom")
        case _:
            return False


def _segments(document: dict[str, Any]) -> tuple[TextSegment, ...] | None:
    messages = document.get("messages")
    system = _text(document.get("system") or "")
    if not isinstance(messages, list) or system is None:
        return None
    spoken = [_messages(message) for message in messages]
    known = [each for each in spoken if each]
    if len(known) != len(spoken):
        return None
    passages = dialogue_text(known, instructions=frozenset())
    if passages is None or not system:
        return passages
    return (TextSegment("system", system, fixed=True), *passages)


def _messages(message: object) -> tuple[str, str] | None:
    match message:
        case {"role": str(role), "content": content, **rest} if not any(rest.values()):
            text = _text(content)
            return (role, text) if role in _TURNS and text is not None else None
        case _:
            return None


def _text(content: object) -> str | None:
    """Give a content of text alone; where it is cached changes nothing about it."""
    if isinstance(content, list):
        content = [
            omit(part, {"cache_control"}) if isinstance(part, dict) else part
            for part in content
        ]
    return single_text(content, "text")
