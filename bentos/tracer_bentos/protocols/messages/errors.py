"""Errors of ours in the shape that clients of Anthropic expect."""

import json
from http import HTTPStatus
from typing import Final

__all__ = ["anthropic_error_body"]

_KINDS: Final = {
    HTTPStatus.UNAUTHORIZED: "authentication_error",
    HTTPStatus.FORBIDDEN: "permission_error",
    HTTPStatus.NOT_FOUND: "not_found_error",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "request_too_large",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_error",
    HTTPStatus.GATEWAY_TIMEOUT: "timeout_error",
    529: "overloaded_error",
}
_SERVER_ERROR: Final = 500


def anthropic_error_body(status: int, message: str, kind: str, code: str) -> bytes:
    """Give the body of an error response; its kind follows from the status."""
    del kind, code  # OpenAI's words; Anthropic has its own for each status
    other = "api_error" if status >= _SERVER_ERROR else "invalid_request_error"
    error = {"type": _KINDS.get(status, other), "message": message}
    document = {"type": "error", "error": error, "request_id": None}
    return json.dumps(document).encode()
