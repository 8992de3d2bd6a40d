"""Reading and writing the JSON of requests and responses."""

import json
import re
from collections.abc import Collection, Mapping
from typing import Any, Final

__all__ = ["compact", "object_of", "streams_plainly", "unstreamed", "without"]

_COMPACT: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")


def object_of(body: bytes) -> dict[str, Any] | None:
    """Give a body that is a JSON object; none otherwise, and the teacher says so.

    JSON can name half a character, which no text in UTF-8 can hold: not ours either.
    """
    try:
        document = json.loads(body)
        if _SURROGATE.search(body):
            compact(document)
    except (ValueError, RecursionError):  # of which UnicodeEncodeError is one
        return None
    return document if isinstance(document, dict) else None


def without(document: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Give the fields that are set and not among the names."""
    return {
        name: value
        for name, value in document.items()
        if name not in names and value not in (None, [], {})
    }


def compact(value: Any) -> bytes:
    """Write JSON as the teachers do: compact, in UTF-8."""
    return _COMPACT.encode(value).encode()


def streams_plainly(document: Mapping[str, Any]) -> bool:
    """Say whether a request says clearly if it wants a stream."""
    options = document.get("stream_options")
    known = options is None or isinstance(options, dict)
    return known and document.get("stream") in (None, True, False)


def unstreamed(document: Mapping[str, Any]) -> bytes:
    """Write a request anew so that it is answered in one piece."""
    dropped = {"stream", "stream_options"}
    return compact({k: value for k, value in document.items() if k not in dropped})
