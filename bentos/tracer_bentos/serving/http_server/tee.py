"""Keeps a bounded copy of the teacher's response while it streams to the client."""

import zlib
from typing import Final

import zstandard

from tracer_bentos.protocols.adapter import TeacherReply
from tracer_bentos.serving.http_server.exchange import Headers

__all__ = ["ResponseTee"]

MAX_COPY_BYTES: Final = 1024 * 1024
"""Beyond this an answer is no label of a small closed set anyway."""

_WINDOW_BITS: Final = {"gzip": 31, "deflate": 15}


class ResponseTee:
    """The copy of one response."""

    def __init__(self) -> None:
        self._status = 0
        self._content_type = ""
        self._coding = ""
        self._pieces: list[bytes] = []
        self._size = 0
        self._whole = False

    def start(self, status: int, headers: Headers) -> None:
        """Note the status and what the headers say about the body."""
        self._status = status
        for name, value in headers:
            if name == b"content-type":
                self._content_type = value.decode("latin-1").lower()
            elif name == b"content-encoding":
                self._coding = value.decode("latin-1").lower()

    def piece(self, content: bytes) -> None:
        """Keep a part of the body."""
        self._size += len(content)
        if self._size <= MAX_COPY_BYTES:
            self._pieces.append(content)

    def end(self) -> None:
        """Note that the body is complete."""
        self._whole = True

    @property
    def reply(self) -> TeacherReply | None:
        """The response; none unless it came to its end and can be read."""
        content = self._decoded() if self._whole else None
        if content is None:
            return None
        return TeacherReply(self._status, self._content_type, content)

    def _decoded(self) -> bytes | None:
        content = b"".join(self._pieces)
        if self._size > MAX_COPY_BYTES:
            return None
        if self._coding in {"", "identity"}:
            return content
        return _inflated(content, self._coding)


def _inflated(content: bytes, coding: str) -> bytes | None:
    if coding == "zstd":
        return _unzstd(content)
    if coding not in _WINDOW_BITS:
        return None
    inflater = zlib.decompressobj(_WINDOW_BITS[coding])
    try:
        plain = inflater.decompress(content, MAX_COPY_BYTES)
    except zlib.error:
        return None
    return plain if inflater.eof else None


def _unzstd(content: bytes) -> bytes | None:
    # Read piece by piece: a small frame may hold more than there is memory.
    reader = zstandard.ZstdDecompressor().stream_reader(content)
    try:
        plain = reader.read(MAX_COPY_BYTES + 1)
    except zstandard.ZstdError:
        return None
    return bytes(plain) if len(plain) <= MAX_COPY_BYTES else None
