"""OpenAI responses: which requests the surrogate may answer.

Only requests without effects: OpenAI stores a response unless the request contains
`store: false`. A request that continues a stored response, runs in the background, or
uses tools of OpenAI is forwarded to the teacher. A second such request would have
effects of its own, so the router never audits one.
"""

from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from tracer_bentos.protocols.adapter import (
    ParsedRequest,
    ParsedResponse,
    RenderedResponse,
    TeacherReply,
    TextSegment,
)
from tracer_bentos.protocols.conversation import (
    RoleText,
    conversation_segments,
    parse_messages,
)
from tracer_bentos.protocols.label import ParsedAnswer
from tracer_bentos.protocols.openai_adapter import (
    INSTRUCTION_ROLES,
    OpenAIAdapter,
    has_client_tools_only,
    parse_message,
    tool_constraints,
)
from tracer_bentos.protocols.openai_responses.answer import read_answer
from tracer_bentos.protocols.openai_responses.render import render
from tracer_bentos.protocols.response_constraints import ResponseConstraints

__all__ = ["OpenAIResponses"]


class OpenAIResponses(OpenAIAdapter):
    """The adapter of `POST /v1/responses`."""

    name = "openai-responses"
    operation = "responses"
    output_parameters = frozenset(
        {"max_output_tokens", "parallel_tool_calls", "text", "tool_choice", "tools"}
    )
    stateful_fields = frozenset(
        {
            "background",
            "background_options",
            "context_management",
            "continuation_id",
            "conversation",
            "include",
            "max_tool_calls",
            "moderation",
            "previous_response_id",
            "prompt",
            "top_logprobs",
        }
    )
    omitted_fields = stateful_fields | {
        "input",
        "instructions",
        "metadata",
        "model",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "safety_identifier",
        "service_tier",
        "store",
        "stream",
        "stream_options",
        "user",
    }

    @override
    def has_one_plain_answer(self, document: dict[str, Any]) -> bool:
        """Return whether the response is not stored and has only text or tool calls."""
        return (
            document.get("store") is False
            and _is_known_format(document.get("text"))
            and has_client_tools_only(document, _function_name)
        )

    @override
    def segments(self, document: dict[str, Any]) -> tuple[TextSegment, ...] | None:
        """Return the instructions and the texts of the input, if they are all text."""
        instructions, items = document.get("instructions"), document.get("input")
        if isinstance(items, str):
            items = [{"role": "user", "content": items}]
        if not isinstance(instructions, str | None):
            return None
        head = TextSegment("instructions", instructions or "", fixed=True)
        messages = parse_messages(items, _role_and_text)
        return conversation_segments(
            messages, INSTRUCTION_ROLES, head if instructions else None
        )

    @override
    def constraints(self, document: Mapping[str, Any]) -> ResponseConstraints:
        """Return what the request requires of an answer."""
        response_format = (document.get("text") or {}).get("format") or {}
        return tool_constraints(document, _function_name, response_format)

    @override
    def parse_reply(self, reply: TeacherReply, *, in_json: bool) -> ParsedResponse:
        """Return the parsed response, complete or streamed."""
        return read_answer(reply, in_json=in_json)

    @override
    def render_answer(
        self, request: ParsedRequest, answer: ParsedAnswer
    ) -> RenderedResponse:
        """Return a response, complete or streamed."""
        return render(request, answer)


def _is_known_format(text: object) -> bool:
    match text:
        case None:
            return True
        case {"format": {"type": "text" | "json_object" | "json_schema"}}:
            return True
        case {"format": _}:
            return False
        case _:
            return isinstance(text, dict)


def _function_name(value: object) -> str | None:
    match value:
        case {"type": "function", "name": str(name)}:
            return name
        case _:
            return None


def _role_and_text(item: object) -> RoleText | None:
    """Return role and text of an item; none if the item is not a plain message."""
    match item:
        case {"role": str(role), "content": content, **rest}:
            if rest.pop("type", None) not in (None, "message"):
                return None
            return parse_message(role, content, "input_text", rest)
        case _:
            return None
