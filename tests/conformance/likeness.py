"""When two outcomes are alike: the same to the byte, or the same to a client.

A surrogate cannot know the teacher's ids, times and token counts, and it writes JSON
without spaces; nothing else may differ.
"""

import json
from typing import Any

__all__ = ["alike", "plain"]

_IDS = {"id", "item_id", "call_id", "tool_call_id"}
_TIMES = {"created", "created_at", "completed_at"}
_BUILD = "system_fingerprint"
_COUNTS = {"usage", "usage_metadata", "token_usage"}


def plain(value: Any) -> Any:
    """Give what a client returned as plain data."""
    if hasattr(value, "model_dump"):
        return plain(value.model_dump(mode="json"))
    if isinstance(value, dict):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, bytes):
        return value.hex()
    return value


def alike(value: Any) -> Any:
    """Give plain data without what a surrogate cannot know."""
    if isinstance(value, list):
        return [alike(each) for each in value]
    if isinstance(value, dict):
        return {
            name: _alike(name, each) for name, each in value.items() if name != _BUILD
        }
    return _document(value) if isinstance(value, str) else value


def _alike(name: str, value: Any) -> Any:
    if name in _COUNTS:
        return value is not None
    if name in _TIMES:
        return None
    if name in _IDS and isinstance(value, str):
        return value.replace("-", "_").split("_")[0]
    return alike(value)


def _document(text: str) -> Any:
    try:
        return json.loads(text) if text.startswith("{") else text
    except ValueError:
        return text
