"""From the messages of a conversation to the passages of a question."""

from collections.abc import Collection, Iterable, Sequence
from itertools import takewhile
from typing import Any, Final

from tracer_bentos.protocols.adapter import Adapter, ParsedRequest, TextSegment
from tracer_bentos.protocols.json_body import omit

__all__ = [
    "MAX_INPUT_CHARACTERS",
    "build_request",
    "dialogue_text",
    "single_text",
    "tool_names",
]

MAX_INPUT_CHARACTERS: Final = 100_000
"""Characters beyond which a text is no input of a small classifier, nor of a trace."""


def build_request(
    adapter: Adapter,
    document: dict[str, Any],
    passages: tuple[TextSegment, ...] | None,
    silent: Collection[str],
    size: int,
) -> ParsedRequest | None:
    """Give a request that was understood; none when it has no passages or no model.

    Args:
        adapter: Who understood it.
        document: The whole request body.
        passages: Its texts.
        silent: Fields that do not define the question.
        size: Size of the request body in bytes.
    """
    model = document.get("model")
    if not passages or not isinstance(model, str) or not model:
        return None
    return ParsedRequest(
        adapter=adapter,
        model=model,
        passages=passages,
        parameters=omit(document, silent),
        document=document,
        size=size,
        stream=document.get("stream") is True,
    )


def single_text(content: object, *kinds: str) -> str | None:
    """Give a content that is text alone, whether in one part or several."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    parts = [_part(part, kinds) for part in content]
    known = [part for part in parts if part is not None]
    return "\n".join(known) if known and len(known) == len(parts) else None


def _part(part: object, kinds: Sequence[str]) -> str | None:
    match part:
        case {"type": str(kind), "text": str(text), **rest} if kind in kinds:
            return None if any(rest.values()) else text
        case _:
            return None


def dialogue_text(
    spoken: Sequence[tuple[str, str]], instructions: frozenset[str]
) -> tuple[TextSegment, ...] | None:
    """Give the passages of a conversation: its instructions, then what is asked.

    One turn is asked as it is. Several are one transcript, in a task of their own: what
    examples it begins with, the templates of tasks find out.

    Args:
        spoken: Role and text of each message.
        instructions: Roles that define the question.
    """
    leading = list(takewhile(lambda each: each[0] in instructions, spoken))
    turns = spoken[len(leading) :]
    if not turns or turns[-1][0] != "user" or not turns[-1][1]:
        return None
    fixed = [
        TextSegment(f"{role} {number}", text, fixed=True)
        for number, (role, text) in enumerate(leading, 1)
    ]
    asked = _asked(turns)
    return (*fixed, asked) if len(asked.text) <= MAX_INPUT_CHARACTERS else None


def _asked(turns: Sequence[tuple[str, str]]) -> TextSegment:
    if len(turns) == 1:
        return TextSegment("user", turns[0][1], fixed=False)
    transcript = "\n".join(f"{role}: {text}" for role, text in turns)
    return TextSegment("conversation", transcript, fixed=False)


def tool_names(tools: Iterable[Any]) -> frozenset[str]:
    """Give the names of tools as they are declared."""
    return frozenset(tool["name"] for tool in tools)
