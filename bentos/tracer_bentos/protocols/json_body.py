"""Reading and writing the JSON of requests and responses."""

import json
import math
import re
from collections.abc import Collection, Mapping
from typing import Any, Final

__all__ = [
    "compact_json",
    "has_any",
    "has_valid_stream",
    "non_streaming_body",
    "omit",
    "parse_object",
]

_COMPACT: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")


def parse_object(body: bytes) -> dict[str, Any] | None:
    """Give a body that is a JSON object; none otherwise, and the teacher says so.

    Numbers that JSON has not, and halves of characters, are no JSON of ours: they could
    not be written again.
    """
    try:
        document = _DECODER.decode(body.decode())
        if _SURROGATE.search(body):
            compact_json(document)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def omit(document: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Give the fields that are set and not among the names."""
    return {
        name: value
        for name, value in document.items()
        if name not in names and value not in (None, [], {})
    }


def compact_json(value: Any) -> bytes:
    """Write JSON as the teachers do: compact, in UTF-8."""
    return _COMPACT.encode(value).encode()


def has_any(document: Mapping[str, Any], names: frozenset[str]) -> bool:
    """Say whether a request asks for anything of this kind; null and false do not."""
    return not names.isdisjoint(document) and any(map(document.get, names))


def has_valid_stream(document: Mapping[str, Any]) -> bool:
    """Say whether a request says clearly if it wants a stream."""
    options = document.get("stream_options")
    known = options is None or isinstance(options, dict)
    return known and document.get("stream") in (None, True, False)


def non_streaming_body(document: Mapping[str, Any]) -> bytes:
    """Write a request anew so that it is answered in one piece."""
    dropped = {"stream", "stream_options"}
    return compact_json({k: value for k, value in document.items() if k not in dropped})


def _refused(text: str) -> float:
    raise ValueError(f"{text} is no number in JSON")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refused(text)


_DECODER: Final = json.JSONDecoder(parse_constant=_refused, parse_float=_finite)
