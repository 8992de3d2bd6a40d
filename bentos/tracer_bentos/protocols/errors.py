"""Error bodies of the router in the formats that the clients of each API expect."""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

__all__ = ["ErrorBody", "anthropic_error_body", "openai_error_body"]

ErrorBody = Callable[[int, str, str, str], bytes]
"""Returns the body of an error response for status, message, type, and code."""

_ANTHROPIC_TYPES: Final = {
    HTTPStatus.UNAUTHORIZED: "authentication_error",
    HTTPStatus.FORBIDDEN: "permission_error",
    HTTPStatus.NOT_FOUND: "not_found_error",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "request_too_large",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_error",
    HTTPStatus.GATEWAY_TIMEOUT: "timeout_error",
    529: "overloaded_error",
}
_SERVER_ERROR: Final = 500


def openai_error_body(status: int, message: str, kind: str, code: str) -> bytes:
    """Return an error body for clients of OpenAI, which read its message and code."""
    del status  # OpenAI's error bodies do not contain the status
    error = {"message": message, "type": kind, "param": None, "code": code}
    return json.dumps({"error": error}).encode()


def anthropic_error_body(status: int, message: str, kind: str, code: str) -> bytes:
    """Return an error body for clients of Anthropic; its type follows the status."""
    del kind, code  # OpenAI's terms; Anthropic defines one type for each status
    other = "api_error" if status >= _SERVER_ERROR else "invalid_request_error"
    error = {"type": _ANTHROPIC_TYPES.get(status, other), "message": message}
    document = {"type": "error", "error": error, "request_id": None}
    return json.dumps(document).encode()
