"""Which headers cross the data plane: all but those of one connection, and ours."""

from dataclasses import dataclass, field
from typing import Final

from tracer_bentos.serving.http_server.exchange import Headers

__all__ = ["READABLE_CODINGS", "Credential", "request_headers", "response_headers"]

READABLE_CODINGS: Final = ("gzip", "deflate", "zstd", "identity")
"""Content codings in which an answer can be read for a trace."""

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
_ROUTER_HEADERS: Final = b"x-tracer-"
_NEVER_SENT: Final = _HOP_BY_HOP | {b"host", b"expect", b"content-length"}
_ACCEPT_ENCODING: Final = b"accept-encoding"
_CREDENTIALS: Final = frozenset({b"api-key", b"authorization", b"x-api-key"})
_NO_CONTENT: Final = frozenset({204, 304})
_NOTHING: Final = frozenset[bytes]()
_DROPPED: Final = {
    (readable, keyed): _NEVER_SENT
    | (frozenset({_ACCEPT_ENCODING}) if readable else _NOTHING)
    | (_CREDENTIALS if keyed else _NOTHING)
    for readable in (False, True)
    for keyed in (False, True)
}
"""By whether a trace must read the answer, and whether the teacher's key is ours."""


@dataclass(frozen=True, slots=True)
class Credential:
    """The teacher's key as a header."""

    header: str
    """Name of the header."""
    value: str = field(repr=False)
    """Its value."""


def request_headers(
    headers: Headers, *, readable: bool, key: Credential | None
) -> Headers:
    """Give the headers of a request to the teacher; those that frame it are set anew.

    Args:
        headers: As the client sent them.
        readable: Whether the answer must come in a coding that a trace can read; only
            ever narrows what the client offered.
        key: The teacher's key, to be sent instead of any that the client has.
    """
    dropped = _DROPPED[readable, key is not None] | _named_by_connection(headers)
    kept = [
        pair
        for pair in headers
        if pair[0] not in dropped and not pair[0].startswith(_ROUTER_HEADERS)
    ]
    if readable:
        kept.append((_ACCEPT_ENCODING, _narrowed(headers)))
    if key is not None:
        kept.append((key.header.encode(), key.value.encode()))
    return kept


def response_headers(headers: Headers, status: int) -> Headers:
    """Give the headers of the response to the client."""
    dropped = _HOP_BY_HOP | _named_by_connection(headers)
    if status in _NO_CONTENT:
        dropped |= {b"content-length"}  # announces a body that never comes
    return [(name, value) for name, value in headers if name not in dropped]


def _named_by_connection(headers: Headers) -> frozenset[bytes]:
    said = [value for name, value in headers if name == b"connection"]
    if not said:
        return _NOTHING
    return frozenset(token.strip().lower() for token in b",".join(said).split(b","))


def _narrowed(headers: Headers) -> bytes:
    offered = (
        coding.strip()
        for name, value in headers
        if name == _ACCEPT_ENCODING
        for coding in value.split(b",")
    )
    kept = [
        coding
        for coding in offered
        if coding.partition(b";")[0].strip().lower().decode("latin-1")
        in READABLE_CODINGS
    ]
    # Without the header a server may choose any coding, so say that none is wanted.
    return b", ".join(kept) or b"identity"
