"""OpenAI chat completions: which requests are questions, and of which task.

A question is a single user turn of plain text below any system messages. Whatever has
effects or state beyond its answer, or asks for more than one text, is not ours.
"""

import json
from typing import Any, Final

from tracer_bentos.serving.protocols.adapter import Answer, Question, Rendered, Reply
from tracer_bentos.serving.protocols.openai_answer import read_answer
from tracer_bentos.serving.protocols.openai_render import render
from tracer_router.contracts.document import digest_of

__all__ = ["OpenAIChat"]

PROTOCOL: Final = "openai-chat"
LONGEST_TASK_NAME: Final = 200

_INSTRUCTIONS: Final = frozenset({"system", "developer"})

_IGNORED: Final = frozenset(
    {
        "messages",
        "metadata",
        "model",
        "prompt_cache_key",
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

_BEYOND_THE_ANSWER: Final = (
    "audio",
    "background",
    "conversation",
    "logprobs",
    "previous_response_id",
    "store",
    "top_logprobs",
    "web_search_options",
)
"""Parameters with effects, state or outputs that a label cannot stand for."""

_SILENT: Final = _IGNORED.union(_BEYOND_THE_ANSWER, {"modalities", "n"})
"""Those, and parameters that a question can only leave at their defaults."""


class OpenAIChat:
    """The adapter of `POST /v1/chat/completions`."""

    path = "/v1/chat/completions"

    def read(self, body: bytes, named_task: str | None) -> Question | None:
        """Give the question; none for whatever only the teacher may answer."""
        document = _object(body)
        if document is None or not _asks_for_one_text(document):
            return None
        turn = _single_turn(document.get("messages"))
        model = document.get("model")
        if turn is None or not isinstance(model, str) or not model:
            return None
        options = document.get("stream_options") or {}
        return Question(
            task=_task(document, model, named_task),
            input=turn,
            model=model,
            stream=document.get("stream") is True,
            include_usage=options.get("include_usage") is True,
            size=len(body),
            document=document,
        )

    def answer(self, reply: Reply) -> Answer:
        """Read the teacher's response, in one piece or streamed."""
        return read_answer(reply)

    def render(self, question: Question, label: str) -> Rendered:
        """Write a label as the teacher would have, with no usage."""
        return render(question, label)

    def audit_body(self, question: Question) -> bytes:
        """Write the same request for the teacher, to be answered in one piece."""
        dropped = {"stream", "stream_options"}
        kept = {
            name: value
            for name, value in question.document.items()
            if name not in dropped
        }
        return json.dumps(kept).encode()


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None  # the teacher says what is wrong with it
    return document if isinstance(document, dict) else None


def _asks_for_one_text(document: dict[str, Any]) -> bool:
    if any(document.get(name) for name in _BEYOND_THE_ANSWER):
        return False
    if document.get("n") not in (None, 1) or not _stream_is_plain(document):
        return False
    if document.get("modalities") not in (None, ["text"]):
        return False
    tools = document.get("tools") or []
    return isinstance(tools, list) and all(_is_function(tool) for tool in tools)


def _stream_is_plain(document: dict[str, Any]) -> bool:
    options = document.get("stream_options")
    known = options is None or isinstance(options, dict)
    return known and document.get("stream") in (None, True, False)


def _is_function(tool: object) -> bool:
    """Say whether the client runs the tool itself; built-in tools have effects."""
    return isinstance(tool, dict) and tool.get("type") == "function"


def _single_turn(messages: object) -> str | None:
    if not isinstance(messages, list) or not messages:
        return None
    *before, last = messages
    if not all(_is_instruction(message) for message in before):
        return None
    if not isinstance(last, dict) or last.get("role") != "user":
        return None
    return _text(last.get("content")) if last.keys() <= {"role", "content"} else None


def _is_instruction(message: object) -> bool:
    return isinstance(message, dict) and message.get("role") in _INSTRUCTIONS


def _text(content: object) -> str | None:
    match content:
        case str(text) if text:
            return text
        case [{"type": "text", "text": str(text), **rest}] if text and not rest:
            return text
        case _:
            return None


def _task(document: dict[str, Any], model: str, named: str | None) -> str:
    defining: dict[str, Any] = {"protocol": PROTOCOL, "model": model}
    if named:
        defining["name"] = named[:LONGEST_TASK_NAME]
    else:
        defining["instructions"] = document["messages"][:-1]
        defining["parameters"] = {
            name: value
            for name, value in document.items()
            if name not in _SILENT and value not in (None, [], {})
        }
    return digest_of(_canonical(defining))


def _canonical(value: object) -> bytes:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return text.encode()
