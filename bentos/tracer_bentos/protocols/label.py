"""The canonical form of a whole answer: what agreement compares and traces keep.

A text is its own label, so that people can read traces. An answer in JSON has its keys
sorted and its spaces removed; tool calls are written as JSON behind a fixed beginning.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

__all__ = [
    "FunctionCall",
    "ParsedAnswer",
    "canonical_json",
    "canonical_label",
    "parse_label",
]

CALLS_KEY: Final = '{"tool_calls":'
"""How the label of an answer with tool calls begins; a text never may."""

# Made once: json.dumps makes one for each call that asks for anything unusual.
_CANONICAL: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """One call of a tool that the client runs."""

    name: str
    """Name of the tool."""
    arguments: str
    """Its arguments as canonical JSON."""


@dataclass(frozen=True, slots=True)
class ParsedAnswer:
    """One whole answer."""

    text: str | None
    """Its text; none when it only calls tools."""
    calls: tuple[FunctionCall, ...] = ()
    """Its tool calls, in order."""
    finish: str | None = None
    """How it said it ended, where tool calls may end in several ways."""


def canonical_label(said: ParsedAnswer, *, in_json: bool = False) -> str | None:
    """Give the label of an answer; none when it is none.

    Args:
        said: The answer.
        in_json: Whether the client asked for JSON: then another text is no answer.
    """
    label = _label_of_calls(said) if said.calls else _label_of_text(said.text, in_json)
    return label if label and _is_whole(label) else None


def parse_label(label: str) -> ParsedAnswer:
    """Give the answer that a label stands for."""
    if not label.startswith(CALLS_KEY):
        return ParsedAnswer(label)
    document = json.loads(label)
    calls = tuple(
        FunctionCall(name, canonical_json(arguments))
        for name, arguments in document["tool_calls"]
    )
    return ParsedAnswer(document.get("text"), calls, document.get("finish"))


def canonical_json(value: Any) -> str:
    """Give JSON with sorted keys and no spaces.

    Raises:
        ValueError: The value is not JSON: a number is infinite or none.
    """
    return _CANONICAL.encode(value)


def _label_of_text(text: str | None, in_json: bool) -> str | None:
    if not text or text.startswith(CALLS_KEY):
        return None
    return _normal(text) if in_json else text


def _is_whole(label: str) -> bool:
    """Say whether it can be written: half a character cannot."""
    try:
        label.encode()
    except UnicodeEncodeError:
        return False
    return True


def _label_of_calls(said: ParsedAnswer) -> str | None:
    calls = [[call.name, _arguments(call)] for call in said.calls]
    if not all(isinstance(arguments, dict) for _, arguments in calls):
        return None
    document: dict[str, Any] = {"tool_calls": calls}
    if said.text:
        document["text"] = said.text
    if said.finish:
        document["finish"] = said.finish
    # The calls come first, so that the beginning tells what it is.
    parts = (f'"{name}":{canonical_json(value)}' for name, value in document.items())
    return "{" + ",".join(parts) + "}"


def _arguments(call: FunctionCall) -> object:
    try:
        value = json.loads(call.arguments or "{}")
        canonical_json(value)
    except (ValueError, RecursionError):
        return None
    return value


def _normal(text: str) -> str | None:
    try:
        return canonical_json(json.loads(text))
    except (ValueError, RecursionError):
        return None
