"""What this router itself says no to, in the words of the API that clients speak."""

from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Final

from tracer_bentos.serving.http_server.exchange import HttpExchange

__all__ = ["Rejection", "build_rejection"]

RETRY_AFTER_SECONDS: Final = 1


class Rejection(StrEnum):
    """Why a request is refused here and not passed on."""

    KEY_UNKNOWN = "key-unknown"
    """The caller shows nothing that lets it in."""
    TOO_LARGE = "too-large"
    """The body is larger than this router reads."""
    TOO_MANY = "too-many"
    """As many requests as may be are under way."""
    WEBSOCKET = "websocket"
    """It asks for a websocket."""


@dataclass(frozen=True, slots=True)
class _RejectionText:
    status: HTTPStatus
    message: str
    kind: str
    code: str


_TEXTS: Final = {
    Rejection.KEY_UNKNOWN: _RejectionText(
        HTTPStatus.UNAUTHORIZED,
        "This router does not know the key of this request. Use a key that whoever runs"
        " the router has given you, as a Bearer token.",
        "invalid_request_error",
        "invalid_api_key",
    ),
    Rejection.TOO_LARGE: _RejectionText(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "The request body is larger than this router reads.",
        "invalid_request_error",
        "request_too_large",
    ),
    Rejection.TOO_MANY: _RejectionText(
        HTTPStatus.TOO_MANY_REQUESTS,
        "As many requests as this router takes at once are under way. Try again soon.",
        "rate_limit_error",
        "rate_limit_exceeded",
    ),
    Rejection.WEBSOCKET: _RejectionText(
        HTTPStatus.NOT_IMPLEMENTED,
        "This router carries HTTP requests, no websockets: connect to the teacher"
        " itself for them.",
        "invalid_request_error",
        "websocket_unsupported",
    ),
}


async def build_rejection(exchange: HttpExchange, refusal: Rejection) -> None:
    """Answer with the error; the connection closes when the body was not read."""
    words = _TEXTS[refusal]
    exchange.closing = exchange.closing or exchange.has_body
    again = (b"retry-after", str(RETRY_AFTER_SECONDS).encode())
    headers = [again] if refusal is Rejection.TOO_MANY else []
    await exchange.reject(
        words.status, words.message, words.kind, words.code, headers=headers
    )
