"""The canonical form of a complete answer: agreement compares it, traces store it.

A text is its own label, so that traces are readable. An answer in JSON has sorted keys
and no spaces. Tool calls are written as JSON with a fixed beginning.
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
"""Beginning of the label of an answer with tool calls; a text must not begin so."""

# One instance: json.dumps creates an encoder for each call with unusual options.
_CANONICAL: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """One call of a tool that the client runs."""

    name: str
    """Name of the tool."""
    arguments: str
    """Arguments as canonical JSON."""


@dataclass(frozen=True, slots=True)
class ParsedAnswer:
    """One complete answer."""

    text: str | None
    """Text; none if the answer only calls tools."""
    calls: tuple[FunctionCall, ...] = ()
    """Tool calls, in order."""
    finish: str | None = None
    """Finish reason, if tool calls can end with more than one reason."""


def canonical_label(answer: ParsedAnswer, *, in_json: bool = False) -> str | None:
    """Return the label of an answer; none if the answer is not a label.

    Args:
        answer: The answer.
        in_json: Whether the client requires JSON: any other text is not a label.
    """
    label = (
        _label_of_calls(answer)
        if answer.calls
        else _label_of_text(answer.text, in_json)
    )
    return label if label and _is_encodable(label) else None


def parse_label(label: str) -> ParsedAnswer:
    """Return the answer that a label represents."""
    if not label.startswith(CALLS_KEY):
        return ParsedAnswer(label)
    document = json.loads(label)
    calls = tuple(
        FunctionCall(name, canonical_json(arguments))
        for name, arguments in document["tool_calls"]
    )
    return ParsedAnswer(document.get("text"), calls, document.get("finish"))


def canonical_json(value: Any) -> str:
    """Return JSON with sorted keys and no spaces.

    Raises:
        ValueError: The value is not JSON: a number is infinite or NaN.
    """
    return _CANONICAL.encode(value)


def _label_of_text(text: str | None, in_json: bool) -> str | None:
    if not text or text.startswith(CALLS_KEY):
        return None
    return _canonical_text(text) if in_json else text


def _is_encodable(label: str) -> bool:
    """Return whether UTF-8 can encode the text: a lone surrogate cannot be encoded."""
    try:
        label.encode()
    except UnicodeEncodeError:
        return False
    return True


def _label_of_calls(answer: ParsedAnswer) -> str | None:
    calls = [[call.name, _parse_arguments(call)] for call in answer.calls]
    if not all(isinstance(arguments, dict) for _, arguments in calls):
        return None
    document: dict[str, Any] = {"tool_calls": calls}
    if answer.text:
        document["text"] = answer.text
    if answer.finish:
        document["finish"] = answer.finish
    # The calls come first, so that the beginning identifies the kind of label.
    parts = (f'"{name}":{canonical_json(value)}' for name, value in document.items())
    return "{" + ",".join(parts) + "}"


def _parse_arguments(call: FunctionCall) -> object:
    try:
        value = json.loads(call.arguments or "{}")
        canonical_json(value)
    except (ValueError, RecursionError):
        return None
    return value


def _canonical_text(text: str) -> str | None:
    try:
        return canonical_json(json.loads(text))
    except (ValueError, RecursionError):
        return None
