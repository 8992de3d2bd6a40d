"""Errors of ours in the shape that clients of OpenAI expect."""

import json

__all__ = ["error_body"]


def error_body(message: str, kind: str, code: str) -> bytes:
    """Give the body of an error response; the official client reads its message."""
    error = {"message": message, "type": kind, "param": None, "code": code}
    return json.dumps({"error": error}).encode()
