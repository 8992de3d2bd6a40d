"""Parse and write the JSON bodies of requests and responses."""

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
    """Return a body that is a JSON object; none otherwise.

    The teacher reports the error for any other body. Numbers that JSON does not define
    (NaN, infinity) and lone surrogate code points are not accepted, because they cannot
    be written again.
    """
    try:
        document = _DECODER.decode(body.decode())
        if _SURROGATE.search(body):
            compact_json(document)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def omit(document: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Return the fields that are set and not in `names`."""
    return {
        name: value
        for name, value in document.items()
        if name not in names and value not in (None, [], {})
    }


def compact_json(value: Any) -> bytes:
    """Return JSON as the teachers write it: without spaces, in UTF-8."""
    return _COMPACT.encode(value).encode()


def has_any(document: Mapping[str, Any], names: frozenset[str]) -> bool:
    """Return whether any of the fields is set to a value other than null or false."""
    return not names.isdisjoint(document) and any(map(document.get, names))


def has_valid_stream(document: Mapping[str, Any]) -> bool:
    """Return whether the fields of a request that control streaming are valid."""
    options = document.get("stream_options")
    known = options is None or isinstance(options, dict)
    return known and document.get("stream") in (None, True, False)


def non_streaming_body(document: Mapping[str, Any]) -> bytes:
    """Return the body of the same request without streaming."""
    dropped = {"stream", "stream_options"}
    return compact_json({k: value for k, value in document.items() if k not in dropped})


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse_constant(text)


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
