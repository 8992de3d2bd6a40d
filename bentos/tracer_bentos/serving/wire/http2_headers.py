"""Headers as HTTP/2 has them: both ways nothing that is about one connection."""

import re
from collections.abc import Iterable
from typing import Any, Final

from hpack import Encoder, HeaderTuple, NeverIndexedHeaderTuple
from typing_extensions import override

from tracer_bentos.serving.wire.connection import (
    LONGEST_HEAD,
    Headers,
    Request,
    Upload,
    WireError,
)
from tracer_bentos.serving.wire.proxy import Origin

__all__ = ["Heads", "PlainEncoder", "read_head"]

_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_OF_ONE_CONNECTION: Final = frozenset(
    {
        b"connection",
        b"host",
        b"http2-settings",
        b"keep-alive",
        b"proxy-connection",
        b"te",
        b"transfer-encoding",
        b"upgrade",
    }
)
# Kept out of what is compressed together: its length would tell others about it.
_SECRET: Final = frozenset(
    {b"api-key", b"authorization", b"cookie", b"proxy-authorization", b"x-api-key"}
)
_FINAL: Final = range(200, 600)
_is_name = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+").fullmatch
_breaks_line = re.compile(rb"[\0\r\n]").search


class PlainEncoder(Encoder):
    """Writes values as they are.

    The library's Huffman code takes time by the square of a value's length: half a
    minute, for everybody, if one client sends a header of 300 KB.
    """

    @override
    def encode(self, headers: Any, huffman: bool = False) -> bytes:
        return super().encode(headers, huffman=False)


class Heads:
    """Heads of requests to one server."""

    def __init__(self, origin: Origin) -> None:
        self._scheme = origin.scheme.encode()
        self._authority = origin.authority.encode()

    def of(self, request: Request) -> list[HeaderTuple]:
        """Give the headers of a request, those that begin with a colon being ours."""
        method, body = request.method, request.body
        fields = [
            HeaderTuple(b":method", method.encode()),
            HeaderTuple(b":scheme", self._scheme),
            HeaderTuple(b":authority", self._authority),
            HeaderTuple(b":path", request.target),
        ]
        fields += [
            (NeverIndexedHeaderTuple if name in _SECRET else HeaderTuple)(name, value)
            for name, value in request.headers
            if name not in _OF_ONE_CONNECTION
            and _is_name(name)
            and not _breaks_line(value)
        ]
        length = body.length if isinstance(body, Upload) else len(body or b"")
        if length is not None and (body or method in _WITH_BODY):
            fields.append(HeaderTuple(b"content-length", b"%d" % length))
        return fields


def read_head(fields: Iterable[tuple[bytes, bytes]]) -> tuple[int, Headers]:
    """Give status and headers of an answer.

    Raises:
        WireError: They cannot be passed on: no status, or more than headers.
    """
    status, size = 0, 0
    headers: Headers = []
    for name, value in fields:
        size += len(name) + len(value)
        if name == b":status" and not status:
            status = int(value) if value.isdigit() else 0
        elif not _is_name(name) or _breaks_line(value):
            raise WireError("a header of the answer is malformed")
        elif name not in _OF_ONE_CONNECTION:
            headers.append((name, value))
    if status not in _FINAL:
        raise WireError(f"{status} is no status of HTTP")
    if size > LONGEST_HEAD:
        raise WireError("the headers are longer than any client would take")
    return status, headers
