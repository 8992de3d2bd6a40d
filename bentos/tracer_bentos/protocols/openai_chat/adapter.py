"""OpenAI chat completions: which requests the surrogate may answer.

Such a request contains plain text, in one turn or several, below any instructions. A
request with effects or state beyond its answer, or for more than one complete answer,
is forwarded to the teacher.
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
from tracer_bentos.protocols.openai_chat.answer import read_answer
from tracer_bentos.protocols.openai_chat.render import render
from tracer_bentos.protocols.response_constraints import ResponseConstraints

__all__ = ["OpenAIChat"]


class OpenAIChat(OpenAIAdapter):
    """The adapter of `POST /v1/chat/completions`."""

    name = "openai-chat"
    operation = "chat/completions"
    has_path_patterns = True
    output_parameters = frozenset(
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
    stateful_fields = frozenset(
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
    omitted_fields = stateful_fields | {
        "messages",
        "metadata",
        "modalities",  # these two have their default in all answerable requests
        "n",
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

    @override
    def has_one_plain_answer(self, document: dict[str, Any]) -> bool:
        """Return whether the request allows one text or calls of the client's tools."""
        return (
            document.get("n") in (None, 1)
            and document.get("modalities") in (None, ["text"])
            and _is_known_format(document.get("response_format"))
            and has_client_tools_only(document, _function_name)
        )

    @override
    def segments(self, document: dict[str, Any]) -> tuple[TextSegment, ...] | None:
        """Return the texts of the messages; none if they contain anything else."""
        messages = parse_messages(document.get("messages"), _role_and_text)
        return conversation_segments(messages, INSTRUCTION_ROLES)

    @override
    def constraints(self, document: Mapping[str, Any]) -> ResponseConstraints:
        """Return what the request requires of an answer."""
        response_format = document.get("response_format") or {}
        return tool_constraints(document, _function_name, response_format)

    @override
    def parse_reply(self, reply: TeacherReply, *, in_json: bool) -> ParsedResponse:
        """Return the parsed response, complete or streamed."""
        return read_answer(reply, in_json=in_json)

    @override
    def render_answer(
        self, request: ParsedRequest, answer: ParsedAnswer
    ) -> RenderedResponse:
        """Return a chat completion, complete or streamed."""
        return render(request, answer)


def _is_known_format(response_format: object) -> bool:
    match response_format:
        case None | {"type": "text" | "json_object" | "json_schema"}:
            return True
        case _:
            return False


def _function_name(value: object) -> str | None:
    match value:
        case {"type": "function", "function": {"name": str(name)}}:
            return name
        case _:
            return None


def _role_and_text(message: object) -> RoleText | None:
    match message:
        case {"role": str(role), "content": content, **rest}:
            return parse_message(role, content, "text", rest)
        case _:
            return None
