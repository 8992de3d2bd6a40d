"""Errors of ours in the shapes that clients of each protocol expect."""

import json
from collections.abc import Callable

__all__ = ["ErrorBody", "openai_error_body"]

ErrorBody = Callable[[int, str, str, str], bytes]
"""From status, message, kind and code to the body of an error response."""


def openai_error_body(status: int, message: str, kind: str, code: str) -> bytes:
    """Give the body of an error response; the official client reads its message."""
    del status  # OpenAI's own errors do not repeat it
    error = {"message": message, "type": kind, "param": None, "code": code}
    return json.dumps({"error": error}).encode()
