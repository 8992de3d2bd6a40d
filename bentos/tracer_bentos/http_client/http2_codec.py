"""Frames and headers of HTTP/2, as far as the library `h2` does not process them.

`FrameReader` splits the received data, `Http2RequestSerializer` and `parse_head`
convert headers, and `new_h2_connection` configures the library.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Self

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.settings import SettingCodes, Settings
from hpack import Encoder, HeaderTuple, NeverIndexedHeaderTuple
from typing_extensions import override

from tracer_bentos.http_client.connection import (
    MAX_BUFFERED_BYTES,
    MAX_HEADER_BYTES,
    Headers,
    HttpRequest,
    RequestBody,
    TransportError,
)
from tracer_bentos.http_client.proxy import Origin

__all__ = [
    "FrameReader",
    "GoAway",
    "Http2RequestSerializer",
    "PlainEncoder",
    "error_name",
    "new_h2_connection",
    "parse_head",
]


# Layout of a frame: RFC 9113, section 4.1.
_HEADER_BYTES: Final = 9
_TYPE_OFFSET: Final = 3
_SETTINGS: Final = 4
_GOAWAY: Final = 7
_MAX_FRAME_BYTES: Final = 16 * 1024
"""Maximum payload of a frame; the client never allows more."""
_MIN_GOAWAY_BYTES: Final = 8
"""Minimum payload of GOAWAY."""
_STREAM_MASK: Final = 2**31 - 1


def error_name(code: int) -> str:
    """Return the name of an HTTP/2 error code."""
    names = {error.value: error.name for error in ErrorCodes}
    return names.get(code, f"error {code}")


@dataclass(frozen=True, slots=True)
class GoAway:
    """The server accepts no more streams on this connection."""

    last_stream: int
    """The last stream that the server has possibly processed."""
    code: int
    """Error code; 0 for no error."""

    @classmethod
    def from_frame(cls, frame: bytes) -> Self:
        """Return the content of a frame.

        Raises:
            TransportError: The frame is malformed, so no stream counts as refused.
        """
        stream = frame[_TYPE_OFFSET + 2 : _HEADER_BYTES]
        payload = frame[_HEADER_BYTES:]
        if any(stream) or len(payload) < _MIN_GOAWAY_BYTES:
            raise TransportError("invalid HTTP/2: malformed GOAWAY frame")
        last_stream = int.from_bytes(payload[:4]) & _STREAM_MASK
        return cls(last_stream, int.from_bytes(payload[4:8]))


class FrameReader:
    """Collects received data until frames are complete."""

    def __init__(self) -> None:
        self._buffer = b""
        self._has_settings = False

    def feed(self, data: bytes) -> Iterator[bytes | GoAway]:
        """Yield the complete frames: runs of frames, and each GOAWAY separately.

        Raises:
            TransportError: The data is not HTTP/2.
        """
        data = self._buffer + data
        self._check_first_frame(data)
        start = position = 0
        while position + _HEADER_BYTES <= len(data):
            size = int.from_bytes(data[position : position + 3])
            end = position + _HEADER_BYTES + size
            if size > _MAX_FRAME_BYTES:
                raise TransportError(f"invalid HTTP/2: frame of {size} bytes")
            if end > len(data):
                break
            if data[position + _TYPE_OFFSET] == _GOAWAY:
                if position > start:
                    yield data[start:position]
                yield GoAway.from_frame(data[position:end])
                start = end
            position = end
        self._buffer = data[position:]
        if position > start:
            yield data[start:position]

    def _check_first_frame(self, data: bytes) -> None:
        if self._has_settings or len(data) <= _TYPE_OFFSET:
            return
        if data[_TYPE_OFFSET] != _SETTINGS:
            raise TransportError("the server does not support HTTP/2")
        self._has_settings = True


_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_HOP_BY_HOP: Final = frozenset(
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


# Never compressed together with other headers: the compressed length would reveal parts
# of the value (RFC 7541, section 7.1).
_SECRET: Final = frozenset(
    {
        b"api-key",
        b"authorization",
        b"cookie",
        b"proxy-authorization",
        b"x-api-key",
        b"x-goog-api-key",
    }
)
_FINAL: Final = range(200, 600)
_is_name = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+").fullmatch
_breaks_line = re.compile(rb"[\0\r\n]").search


class PlainEncoder(Encoder):
    """Encodes values without compression.

    The Huffman encoder of the library takes time proportional to the square of the
    length of a value: 30 seconds, for all clients, if one client sends a header of
    300 KB.
    """

    @override
    def encode(self, headers: Any, huffman: bool = False) -> bytes:
        return super().encode(headers, huffman=False)


class Http2RequestSerializer:
    """Serializes the heads of requests to one server."""

    def __init__(self, origin: Origin) -> None:
        self._scheme = origin.scheme.encode()
        self._authority = origin.authority.encode()

    def serialize(self, request: HttpRequest) -> list[HeaderTuple]:
        """Return the headers of a request, after the pseudo-headers."""
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
            if name not in _HOP_BY_HOP and _is_name(name) and not _breaks_line(value)
        ]
        length = body.length if isinstance(body, RequestBody) else len(body or b"")
        if length is not None and (body or method in _WITH_BODY):
            fields.append(HeaderTuple(b"content-length", b"%d" % length))
        return fields


def parse_head(fields: Iterable[tuple[bytes, bytes]]) -> tuple[int, Headers]:
    """Return the status and the headers of a response.

    Raises:
        TransportError: The status is not valid, a header is malformed, or the headers
            are too large.
    """
    status, size = 0, 0
    headers: Headers = []
    for name, value in fields:
        size += len(name) + len(value)
        if name == b":status" and not status:
            status = int(value) if value.isdigit() else 0
        elif not _is_name(name) or _breaks_line(value):
            raise TransportError("the response contains a malformed header")
        elif name not in _HOP_BY_HOP:
            headers.append((name, value))
    if status not in _FINAL:
        raise TransportError(f"invalid HTTP status {status}")
    if size > MAX_HEADER_BYTES:
        raise TransportError(
            f"the response headers are larger than {MAX_HEADER_BYTES} bytes"
        )
    return status, headers


def new_h2_connection() -> H2Connection:
    """Return the state of one connection, without checks of headers by the library.

    `parse_head` and `Http2RequestSerializer` check the headers.
    """
    h2 = H2Connection(
        H2Configuration(
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
            validate_inbound_headers=False,
            normalize_inbound_headers=False,
        )
    )
    h2.local_settings = Settings(
        initial_values={
            SettingCodes.ENABLE_PUSH: 0,
            SettingCodes.INITIAL_WINDOW_SIZE: MAX_BUFFERED_BYTES,
            SettingCodes.MAX_HEADER_LIST_SIZE: MAX_HEADER_BYTES,
        }
    )
    # Some servers close a connection because of a setting that they do not support.
    del h2.local_settings[SettingCodes.ENABLE_CONNECT_PROTOCOL]
    h2.encoder = PlainEncoder()
    # Above this limit the library closes the connection, and with it all calls. Between
    # the two limits, `parse_head` fails one call only.
    h2.decoder.max_header_list_size = 2 * MAX_HEADER_BYTES
    return h2
