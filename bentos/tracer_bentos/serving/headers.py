"""Which headers cross the data plane: all but those of one connection, and ours."""

from dataclasses import dataclass, field
from typing import Final

from multidict import CIMultiDict

from tracer_bentos.serving.exchange import Headers

__all__ = ["READABLE_CODINGS", "Credential", "from_teacher", "to_teacher"]

READABLE_CODINGS: Final = ("gzip", "deflate", "identity")
"""Content codings in which an answer can be read for a trace."""

_OF_ONE_CONNECTION: Final = frozenset(
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
_OURS: Final = b"x-tracer-"
_SET_ANEW: Final = frozenset({b"host", b"expect"})
_CREDENTIALS: Final = frozenset({b"api-key", b"authorization", b"x-api-key"})
_NO_CONTENT: Final = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class Credential:
    """The teacher's key as a header."""

    header: str
    """Name of the header."""
    value: str = field(repr=False)
    """Its value."""


def to_teacher(
    headers: Headers, *, readable: bool, key: Credential | None
) -> "CIMultiDict[str]":
    """Give the headers of a request to the teacher.

    Args:
        headers: As the client sent them.
        readable: Whether the answer must come in a coding that a trace can read; only
            ever narrows what the client offered.
        key: The teacher's key, to be sent instead of any that the client has.
    """
    kept: CIMultiDict[str] = CIMultiDict()
    dropped = _OF_ONE_CONNECTION | _SET_ANEW | _named_by_connection(headers)
    if key is not None:
        dropped |= _CREDENTIALS
    for name, value in headers:
        if name not in dropped and not name.startswith(_OURS):
            kept.add(name.decode("latin-1"), value.decode("latin-1"))
    if readable:
        _narrow(kept)
    if key is not None:
        kept[key.header] = key.value
    return kept


def from_teacher(raw: tuple[tuple[bytes, bytes], ...], status: int) -> Headers:
    """Give the headers of the response to the client."""
    headers = [(name.lower(), value) for name, value in raw]
    dropped = _OF_ONE_CONNECTION | _named_by_connection(headers)
    if status in _NO_CONTENT:
        dropped |= {b"content-length"}  # announces a body that never comes
    return [(name, value) for name, value in headers if name not in dropped]


def _named_by_connection(headers: Headers) -> frozenset[bytes]:
    return frozenset(
        token.strip().lower()
        for name, value in headers
        if name == b"connection"
        for token in value.split(b",")
    )


def _narrow(headers: "CIMultiDict[str]") -> None:
    offered = ",".join(headers.getall("accept-encoding", []))
    kept = [
        coding.strip()
        for coding in offered.split(",")
        if coding.split(";")[0].strip().lower() in READABLE_CODINGS
    ]
    # Without the header a server may choose any coding, so say that none is wanted.
    headers["accept-encoding"] = ", ".join(kept) or "identity"
