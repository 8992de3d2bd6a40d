"""Compare outcomes: equal bytes, or equal for a client.

The ids, times, and token counts of a surrogate differ from those of the teacher, and it
writes JSON without spaces. Nothing else may differ.
"""

import json
from typing import Any

__all__ = ["comparable", "plain"]

_IDS = {"id", "item_id", "call_id", "tool_call_id"}
_TIMES = {"created", "created_at", "completed_at"}
_BUILD = "system_fingerprint"
_COUNTS = {"usage", "usage_metadata", "token_usage"}


def plain(value: Any) -> Any:
    """Return the result of a client as plain data."""
    if hasattr(value, "model_dump"):
        return plain(value.model_dump(mode="json"))
    if isinstance(value, dict):
        return {str(name): plain(field) for name, field in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return value.hex()
    return value


def comparable(value: Any) -> Any:
    """Return plain data without the values that may differ."""
    if isinstance(value, list):
        return [comparable(item) for item in value]
    if isinstance(value, dict):
        return {
            name: _comparable_field(name, field)
            for name, field in value.items()
            if name != _BUILD
        }
    return _parse_json(value) if isinstance(value, str) else value


def _comparable_field(name: str, value: Any) -> Any:
    if name in _COUNTS:
        return value is not None
    if name in _TIMES:
        return None
    if name in _IDS and isinstance(value, str):
        return value.replace("-", "_").split("_")[0]
    return comparable(value)


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text) if text.startswith("{") else text
    except ValueError:
        return text
