"""TODO-DOC."""

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
    "name_of",
    "new_h2_connection",
    "read_head",
]


_HEAD: Final = 9


_TYPE: Final = 3


_SETTINGS: Final = 4


_GOAWAY: Final = 7


_LONGEST: Final = 16 * 1024
"""Of one frame; we never allow more."""


_SHORTEST: Final = 8
"""Of what GOAWAY says."""


_STREAM: Final = 2**31 - 1


def name_of(code: int) -> str:
    """Give the name of an error of HTTP/2."""
    known = {each.value: each.name for each in ErrorCodes}
    return known.get(code, f"error {code}")


@dataclass(frozen=True, slots=True)
class GoAway:
    """The server takes no more calls on this connection."""

    last: int
    """The last stream that it may have looked at."""
    code: int
    """Why; 0 for no error."""

    @classmethod
    def read(cls, frame: bytes) -> Self:
        """Give what a frame says.

        Raises:
            TransportError: It is malformed; calls must not be taken for refused by it.
        """
        stream, payload = frame[_TYPE + 2 : _HEAD], frame[_HEAD:]
        if any(stream) or len(payload) < _SHORTEST:
            raise TransportError("no HTTP/2: a malformed GOAWAY")
        last = int.from_bytes(payload[:4]) & _STREAM
        return cls(last, int.from_bytes(payload[4:8]))


class FrameReader:
    """Gathers frames until they are whole."""

    def __init__(self) -> None:
        self._kept = b""
        self._greeted = False

    def feed(self, data: bytes) -> Iterator[bytes | GoAway]:
        """Give what is whole now: runs of frames, and each GOAWAY apart.

        Raises:
            TransportError: They are no frames of HTTP/2.
        """
        data = self._kept + data
        self._greet(data)
        start = at = 0
        while at + _HEAD <= len(data):
            size = int.from_bytes(data[at : at + 3])
            end = at + _HEAD + size
            if size > _LONGEST:
                raise TransportError(f"no HTTP/2: a frame of {size} bytes")
            if end > len(data):
                break
            if data[at + _TYPE] == _GOAWAY:
                if at > start:
                    yield data[start:at]
                yield GoAway.read(data[at:end])
                start = end
            at = end
        self._kept = data[at:]
        if at > start:
            yield data[start:at]

    def _greet(self, data: bytes) -> None:
        if self._greeted or len(data) <= _TYPE:
            return
        if data[_TYPE] != _SETTINGS:
            raise TransportError("what answers there speaks no HTTP/2")
        self._greeted = True


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


class Http2RequestSerializer:
    """Http2RequestSerializer of requests to one server."""

    def __init__(self, origin: Origin) -> None:
        self._scheme = origin.scheme.encode()
        self._authority = origin.authority.encode()

    def serialize(self, request: HttpRequest) -> list[HeaderTuple]:
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
            if name not in _HOP_BY_HOP and _is_name(name) and not _breaks_line(value)
        ]
        length = body.length if isinstance(body, RequestBody) else len(body or b"")
        if length is not None and (body or method in _WITH_BODY):
            fields.append(HeaderTuple(b"content-length", b"%d" % length))
        return fields


def read_head(fields: Iterable[tuple[bytes, bytes]]) -> tuple[int, Headers]:
    """Give status and headers of an answer.

    Raises:
        TransportError: They cannot be passed on: no status, or more than headers.
    """
    status, size = 0, 0
    headers: Headers = []
    for name, value in fields:
        size += len(name) + len(value)
        if name == b":status" and not status:
            status = int(value) if value.isdigit() else 0
        elif not _is_name(name) or _breaks_line(value):
            raise TransportError("a header of the answer is malformed")
        elif name not in _HOP_BY_HOP:
            headers.append((name, value))
    if status not in _FINAL:
        raise TransportError(f"{status} is no status of HTTP")
    if size > MAX_HEADER_BYTES:
        raise TransportError("the headers are longer than any client would take")
    return status, headers


def new_h2_connection() -> H2Connection:
    """Give it for one connection; `read_head` checks headers, both ways."""
    wire = H2Connection(
        H2Configuration(
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
            validate_inbound_headers=False,
            normalize_inbound_headers=False,
        )
    )
    wire.local_settings = Settings(
        initial_values={
            SettingCodes.ENABLE_PUSH: 0,
            SettingCodes.INITIAL_WINDOW_SIZE: MAX_BUFFERED_BYTES,
            SettingCodes.MAX_HEADER_LIST_SIZE: MAX_HEADER_BYTES,
        }
    )
    # Some servers end a connection over a setting that is younger than they are.
    del wire.local_settings[SettingCodes.ENABLE_CONNECT_PROTOCOL]
    wire.encoder = PlainEncoder()
    # Twice as much is still read: else one answer's headers would end everybody's.
    wire.decoder.max_header_list_size = 2 * MAX_HEADER_BYTES
    return wire
