"""Filters for the headers of forwarded requests and responses.

All headers are forwarded except for hop-by-hop headers and those of the router itself.
"""

from dataclasses import dataclass, field
from typing import Final

from tracer_bentos.protocols.api_conventions import KEY_HEADERS
from tracer_bentos.serving.http_server.exchange import Headers

__all__ = ["READABLE_CODINGS", "Credential", "request_headers", "response_headers"]

READABLE_CODINGS: Final = ("gzip", "deflate", "zstd", "identity")
"""Content codings that the data plane can decode for a trace."""

_HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
_ROUTER_PREFIX: Final = b"x-tracer-"
_NEVER_SENT: Final = _HOP_BY_HOP | {b"host", b"expect", b"content-length"}
_ACCEPT_ENCODING: Final = b"accept-encoding"
_NO_CONTENT: Final = frozenset({204, 304})
_NONE: Final = frozenset[bytes]()
_DROPPED: Final = {
    (readable, keyed): _NEVER_SENT
    | (frozenset({_ACCEPT_ENCODING}) if readable else _NONE)
    | (KEY_HEADERS if keyed else _NONE)
    for readable in (False, True)
    for keyed in (False, True)
}
"""Headers to drop, by whether a trace must decode the answer and whether the router
sends a key of its own to the teacher."""


@dataclass(frozen=True, slots=True)
class Credential:
    """The key for the teacher, as a header."""

    header: str
    """Name of the header."""
    value: str = field(repr=False)
    """Value of the header."""


def request_headers(
    headers: Headers, *, readable: bool, key: Credential | None
) -> Headers:
    """Return the headers for a request to the teacher.

    The HTTP client sets the headers that frame the request.

    Args:
        headers: Headers from the client.
        readable: Whether the answer must have a content coding that a trace can decode.
            This only narrows the codings that the client accepts.
        key: Key for the teacher; replaces the credentials of the client.
    """
    dropped = _DROPPED[readable, key is not None] | _connection_tokens(headers)
    forwarded = [
        header
        for header in headers
        if header[0] not in dropped and not header[0].startswith(_ROUTER_PREFIX)
    ]
    if readable:
        forwarded.append((_ACCEPT_ENCODING, _readable_codings(headers)))
    if key is not None:
        forwarded.append((key.header.encode(), key.value.encode()))
    return forwarded


def response_headers(headers: Headers, status: int) -> Headers:
    """Return the headers for the response to the client."""
    dropped = _HOP_BY_HOP | _connection_tokens(headers)
    if status in _NO_CONTENT:
        dropped |= {b"content-length"}  # such a response has no body
    return [(name, value) for name, value in headers if name not in dropped]


def _connection_tokens(headers: Headers) -> frozenset[bytes]:
    values = [value for name, value in headers if name == b"connection"]
    if not values:
        return _NONE
    return frozenset(token.strip().lower() for token in b",".join(values).split(b","))


def _readable_codings(headers: Headers) -> bytes:
    offered = (
        coding.strip()
        for name, value in headers
        if name == _ACCEPT_ENCODING
        for coding in value.split(b",")
    )
    readable = [
        coding
        for coding in offered
        if coding.partition(b";")[0].strip().lower().decode("latin-1")
        in READABLE_CODINGS
    ]
    # Without this header, a server can choose any coding; "identity" disables coding.
    return b", ".join(readable) or b"identity"
