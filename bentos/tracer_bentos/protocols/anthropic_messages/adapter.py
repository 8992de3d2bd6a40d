"""Anthropic messages: which requests the surrogate may answer.

Only the teacher answers requests with thinking, containers, tool servers, or tools that
Anthropic runs, and requests with a prefilled turn of the assistant.
"""

from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from tracer_bentos.protocols.adapter import (
    ParsedRequest,
    ParsedResponse,
    RenderedResponse,
    RequestTarget,
    TeacherReply,
    TextSegment,
)
from tracer_bentos.protocols.anthropic_messages.answer import read_answer
from tracer_bentos.protocols.anthropic_messages.render import render
from tracer_bentos.protocols.api_conventions import ANTHROPIC_API, ApiConventions
from tracer_bentos.protocols.conversation import (
    TURN_ROLES,
    ConversationAdapter,
    RoleText,
    all_match,
    conversation_segments,
    parse_messages,
    single_text,
)
from tracer_bentos.protocols.json_body import omit
from tracer_bentos.protocols.label import ParsedAnswer
from tracer_bentos.protocols.response_constraints import ResponseConstraints

__all__ = ["AnthropicMessages"]


class AnthropicMessages(ConversationAdapter):
    """The adapter of `POST /v1/messages`."""

    name = "anthropic-messages"
    exact_paths = ("/v1/messages",)
    request_id_header = "request-id"
    output_parameters = frozenset(
        {
            "max_tokens",
            "output_config",
            "output_format",
            "stop_sequences",
            "tool_choice",
            "tools",
        }
    )
    stateful_fields = frozenset(
        {"container", "context_management", "diagnostics", "mcp_servers"}
    )
    omitted_fields = stateful_fields | {
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

    @override
    def conventions(self, target: RequestTarget) -> ApiConventions:
        """Return the conventions of Anthropic."""
        del target
        return ANTHROPIC_API

    @override
    def has_one_plain_answer(self, document: dict[str, Any]) -> bool:
        """Return whether the request allows one text or calls of the client's tools."""
        return (
            _is_without_thinking(document.get("thinking"))
            and _is_known_choice(document.get("tool_choice"))
            and all_match(document.get("tools"), _is_client_tool)
        )

    @override
    def segments(self, document: dict[str, Any]) -> tuple[TextSegment, ...] | None:
        """Return the system prompt and the texts of the messages, if all are text."""
        system = _text(document.get("system") or "")
        if system is None:
            return None
        head = TextSegment("system", system, fixed=True) if system else None
        messages = parse_messages(document.get("messages"), _role_and_text)
        return conversation_segments(messages, head=head)

    @override
    def constraints(self, document: Mapping[str, Any]) -> ResponseConstraints:
        """Return what the request requires of an answer."""
        choice = document.get("tool_choice") or {}
        kind = choice.get("type")
        return ResponseConstraints(
            in_json=_wants_json(document),
            tools=frozenset(tool["name"] for tool in document.get("tools") or []),
            must_call=kind in {"any", "tool"},
            only=choice.get("name") if kind == "tool" else None,
            may_call=kind != "none",
            one_call=choice.get("disable_parallel_tool_use") is True,
        )

    @override
    def parse_reply(self, reply: TeacherReply, *, in_json: bool) -> ParsedResponse:
        """Return the parsed response, complete or streamed."""
        return read_answer(reply, in_json=in_json)

    @override
    def render_answer(
        self, request: ParsedRequest, answer: ParsedAnswer
    ) -> RenderedResponse:
        """Return a message, complete or streamed."""
        return render(request, answer)


def _wants_json(document: Mapping[str, Any]) -> bool:
    config = document.get("output_config")
    output_format = config.get("format") if isinstance(config, dict) else None
    return bool(output_format or document.get("output_format"))


def _is_without_thinking(thinking: object) -> bool:
    match thinking:
        case None | {"type": "disabled"}:
            return True
        case _:
            return False


def _is_known_choice(choice: object) -> bool:
    match choice:
        case None | {"type": "auto" | "any" | "none"}:
            return True
        case {"type": "tool", "name": str()}:
            return True
        case _:
            return False


def _is_client_tool(tool: object) -> bool:
    """Return whether the client runs the tool; Anthropic runs all other types."""
    match tool:
        case {"name": str(), **rest}:
            return rest.get("type") in (None, "custom")
        case _:
            return False


def _role_and_text(message: object) -> RoleText | None:
    match message:
        case {"role": str(role), "content": content, **rest} if not any(rest.values()):
            text = _text(content)
            return (role, text) if role in TURN_ROLES and text is not None else None
        case _:
            return None


def _text(content: object) -> str | None:
    """Return the text of a content that has only text; cache marks are ignored."""
    if isinstance(content, list):
        content = [
            omit(part, {"cache_control"}) if isinstance(part, dict) else part
            for part in content
        ]
    return single_text(content, "text")
