"""Requests that the router rejects, with errors in the format of the client's API."""

from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Final

from tracer_bentos.serving.http_server.exchange import HttpExchange

__all__ = ["Rejection", "send_rejection"]

RETRY_AFTER_SECONDS: Final = 1


class Rejection(StrEnum):
    """The reason why the router rejects a request and does not forward it."""

    KEY_UNKNOWN = "key-unknown"
    """The request has no valid credential."""
    TOO_LARGE = "too-large"
    """The body exceeds the size limit."""
    TOO_MANY = "too-many"
    """The limit of concurrent requests is reached."""
    WEBSOCKET = "websocket"
    """The request has an upgrade to WebSocket."""


@dataclass(frozen=True, slots=True)
class _ErrorContent:
    status: HTTPStatus
    message: str
    kind: str
    code: str


_ERRORS: Final = {
    Rejection.KEY_UNKNOWN: _ErrorContent(
        HTTPStatus.UNAUTHORIZED,
        "The API key of this request is unknown. Send a key that the administrator of"
        " this router issued, as a Bearer token.",
        "invalid_request_error",
        "invalid_api_key",
    ),
    Rejection.TOO_LARGE: _ErrorContent(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "The request body exceeds the size limit of this router.",
        "invalid_request_error",
        "request_too_large",
    ),
    Rejection.TOO_MANY: _ErrorContent(
        HTTPStatus.TOO_MANY_REQUESTS,
        "This router has reached its limit of concurrent requests. Retry after"
        f" {RETRY_AFTER_SECONDS} second.",
        "rate_limit_error",
        "rate_limit_exceeded",
    ),
    Rejection.WEBSOCKET: _ErrorContent(
        HTTPStatus.NOT_IMPLEMENTED,
        "This router does not support WebSocket connections. Connect directly to the"
        " teacher.",
        "invalid_request_error",
        "websocket_unsupported",
    ),
}


async def send_rejection(exchange: HttpExchange, rejection: Rejection) -> None:
    """Send the error response; close the connection if a request body is unread."""
    error = _ERRORS[rejection]
    exchange.close_connection = exchange.close_connection or exchange.has_body
    retry_after = (b"retry-after", str(RETRY_AFTER_SECONDS).encode())
    headers = [retry_after] if rejection is Rejection.TOO_MANY else []
    await exchange.send_error(
        error.status, error.message, error.kind, error.code, headers=headers
    )
