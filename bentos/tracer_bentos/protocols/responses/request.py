"""OpenAI responses: which requests are questions.

Only those that leave nothing behind: a response is stored unless the client says
`store: false`, and whatever continues a stored one, runs in the background or uses
tools of OpenAI's is the teacher's alone. A second such request would have effects of
its own, so none is ever audited.
"""

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
from tracer_bentos.protocols.errors import openai_error_body
from tracer_bentos.protocols.json_body import (
    has_any,
    has_valid_stream,
    non_streaming_body,
    parse_object,
)
from tracer_bentos.protocols.label import parse_label
from tracer_bentos.protocols.response_constraints import ResponseConstraints
from tracer_bentos.protocols.responses.answer import read_answer
from tracer_bentos.protocols.responses.render import render

__all__ = ["OpenAIResponses"]

_INSTRUCTIONS: Final = frozenset({"system", "developer"})
_TURNS: Final = frozenset({"user", "assistant"})

_IGNORED: Final = frozenset(
    {
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
)

_STATEFUL_FIELDS: Final = frozenset(
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
"""Parameters with effects, state or outputs that a label cannot stand for."""

_NO_EFFECT_VALUES: Final = _IGNORED | _STATEFUL_FIELDS


class OpenAIResponses:
    """The adapter of `POST /v1/responses`."""

    name = "openai-responses"
    path = "/v1/responses"
    request_id = "x-request-id"
    shaping = frozenset(
        {"max_output_tokens", "parallel_tool_calls", "text", "tool_choice", "tools"}
    )

    def read(self, body: bytes) -> ParsedRequest | None:
        """Give the question; none for whatever only the teacher may answer."""
        document = parse_object(body)
        if document is None or not _is_without_effects(document):
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
        """Write an error of ours as clients of OpenAI expect it."""
        return openai_error_body(status, message, kind, code)


def _response_constraints(asked: ParsedRequest) -> ResponseConstraints:
    document = asked.document
    wanted = (document.get("text") or {}).get("format") or {}
    choice = document.get("tool_choice")
    named = choice.get("name") if isinstance(choice, dict) else None
    return ResponseConstraints(
        in_json=wanted.get("type") in {"json_object", "json_schema"},
        tools=tool_names(document.get("tools") or []),
        must_call=choice == "required" or named is not None,
        only=named,
        may_call=choice != "none",
        one_call=document.get("parallel_tool_calls") is False,
    )


def _is_without_effects(document: dict[str, Any]) -> bool:
    if document.get("store") is not False:
        return False  # stored unless said otherwise
    if has_any(document, _STATEFUL_FIELDS):
        return False
    if not has_valid_stream(document):
        return False
    return _format_is_known(document) and _tools_are_the_clients(document)


def _format_is_known(document: dict[str, Any]) -> bool:
    match document.get("text"):
        case None:
            return True
        case {"format": {"type": "text" | "json_object" | "json_schema"}}:
            return True
        case {"format": _}:
            return False
        case text:
            return isinstance(text, dict)


def _tools_are_the_clients(document: dict[str, Any]) -> bool:
    tools = document.get("tools") or []
    match document.get("tool_choice"):
        case None | "none" | "auto" | "required":
            known = True
        case {"type": "function", "name": str()}:
            known = True
        case _:
            known = False
    return known and isinstance(tools, list) and all(map(_is_function, tools))


def _is_function(tool: object) -> bool:
    match tool:
        case {"type": "function", "name": str()}:
            return True
        case _:
            return False


def _segments(document: dict[str, Any]) -> tuple[TextSegment, ...] | None:
    instructions = document.get("instructions")
    given = document.get("input")
    if isinstance(given, str):
        given = [{"role": "user", "content": given}]
    if not isinstance(given, list) or not isinstance(instructions, str | None):
        return None
    spoken = [_messages(item) for item in given]
    known = [each for each in spoken if each]
    if len(known) != len(spoken):
        return None
    passages = dialogue_text(known, instructions=_INSTRUCTIONS)
    if passages is None or not instructions:
        return passages
    return (TextSegment("instructions", instructions, fixed=True), *passages)


def _messages(item: object) -> tuple[str, str] | None:
    """Give the role and the text of an item; none when it is more than a message."""
    match item:
        case {"role": str(role), "content": content, **rest}:
            more = {name: value for name, value in rest.items() if name != "type"}
            message = rest.get("type") in (None, "message") and not any(more.values())
            text = single_text(content, "input_text")
            known = role in _INSTRUCTIONS or role in _TURNS
            return (role, text) if message and known and text is not None else None
        case _:
            return None
