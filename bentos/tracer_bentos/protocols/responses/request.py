"""OpenAI responses: which requests are questions.

Only those that leave nothing behind: a response is stored unless the client says
`store: false`, and whatever continues a stored one, runs in the background or uses
tools of OpenAI's is the teacher's alone. A second such request would have effects of
its own, so none is ever audited.
"""

from typing import Any, Final

from tracer_bentos.protocols.adapter import Answer, Asked, Passage, Rendered, Reply
from tracer_bentos.protocols.conversation import (
    asked_of,
    dialogue,
    one_text,
    tool_names,
)
from tracer_bentos.protocols.errors import openai_error_body
from tracer_bentos.protocols.json_body import (
    asks_for,
    object_of,
    streams_plainly,
    unstreamed,
)
from tracer_bentos.protocols.label import said_of
from tracer_bentos.protocols.response_constraints import Promises
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

_BEYOND_THE_ANSWER: Final = frozenset(
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

_SILENT: Final = _IGNORED | _BEYOND_THE_ANSWER


class OpenAIResponses:
    """The adapter of `POST /v1/responses`."""

    name = "openai-responses"
    path = "/v1/responses"
    request_id = "x-request-id"
    shaping = frozenset(
        {"max_output_tokens", "parallel_tool_calls", "text", "tool_choice", "tools"}
    )

    def read(self, body: bytes) -> Asked | None:
        """Give the question; none for whatever only the teacher may answer."""
        document = object_of(body)
        if document is None or not _is_without_effects(document):
            return None
        return asked_of(self, document, _passages(document), _SILENT, len(body))

    def answer(self, asked: Asked, reply: Reply) -> Answer:
        """Read the teacher's response, in one piece or streamed."""
        return read_answer(reply, in_json=_promises(asked).in_json)

    def render(self, asked: Asked, label: str) -> Rendered | None:
        """Write a label as the teacher would have, with no usage."""
        said = said_of(label)
        return render(asked, said) if _promises(asked).kept_by(said) else None

    def audit_body(self, asked: Asked) -> bytes:
        """Write the same request for the teacher, to be answered in one piece."""
        return unstreamed(asked.document)

    def error_body(self, status: int, message: str, kind: str, code: str) -> bytes:
        """Write an error of ours as clients of OpenAI expect it."""
        return openai_error_body(status, message, kind, code)


def _promises(asked: Asked) -> Promises:
    document = asked.document
    wanted = (document.get("text") or {}).get("format") or {}
    choice = document.get("tool_choice")
    named = choice.get("name") if isinstance(choice, dict) else None
    return Promises(
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
    if asks_for(document, _BEYOND_THE_ANSWER):
        return False
    if not streams_plainly(document):
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


def _passages(document: dict[str, Any]) -> tuple[Passage, ...] | None:
    instructions = document.get("instructions")
    given = document.get("input")
    if isinstance(given, str):
        given = [{"role": "user", "content": given}]
    if not isinstance(given, list) or not isinstance(instructions, str | None):
        return None
    spoken = [_spoken(item) for item in given]
    known = [each for each in spoken if each]
    if len(known) != len(spoken):
        return None
    passages = dialogue(known, instructions=_INSTRUCTIONS)
    if passages is None or not instructions:
        return passages
    return (Passage("instructions", instructions, fixed=True), *passages)


def _spoken(item: object) -> tuple[str, str] | None:
    """Give the role and the text of an item; none when it is more than a message."""
    match item:
        case {"role": str(role), "content": content, **rest}:
            more = {name: value for name, value in rest.items() if name != "type"}
            message = rest.get("type") in (None, "message") and not any(more.values())
            text = one_text(content, "input_text")
            known = role in _INSTRUCTIONS or role in _TURNS
            return (role, text) if message and known and text is not None else None
        case _:
            return None
