"""A bounded copy of a teacher response, made while it streams to the client."""

import zlib
from typing import Final

import zstandard

from tracer_bentos.protocols.adapter import TeacherReply
from tracer_bentos.serving.http_server.exchange import Headers

__all__ = ["ResponseTee"]

MAX_COPY_BYTES: Final = 1024 * 1024
"""A larger answer cannot be a label of a small closed set."""

_WINDOW_BITS: Final = {"gzip": 31, "deflate": 15}


class ResponseTee:
    """The copy of one response."""

    def __init__(self) -> None:
        self._status = 0
        self._content_type = ""
        self._coding = ""
        self._chunks: list[bytes] = []
        self._size = 0
        self._complete = False

    def start(self, status: int, headers: Headers) -> None:
        """Record the status, the content type, and the content coding."""
        self._status = status
        for name, value in headers:
            if name == b"content-type":
                self._content_type = value.decode("latin-1").lower()
            elif name == b"content-encoding":
                self._coding = value.decode("latin-1").lower()

    def append(self, chunk: bytes) -> None:
        """Copy a part of the body, up to `MAX_COPY_BYTES`."""
        self._size += len(chunk)
        if self._size <= MAX_COPY_BYTES:
            self._chunks.append(chunk)

    def end(self) -> None:
        """Mark the body as complete."""
        self._complete = True

    @property
    def reply(self) -> TeacherReply | None:
        """The response; None if it is incomplete, too large, or cannot be decoded."""
        content = self._decode() if self._complete else None
        if content is None:
            return None
        return TeacherReply(self._status, self._content_type, content)

    def _decode(self) -> bytes | None:
        content = b"".join(self._chunks)
        if self._size > MAX_COPY_BYTES:
            return None
        if self._coding in {"", "identity"}:
            return content
        return _decompress(content, self._coding)


def _decompress(content: bytes, coding: str) -> bytes | None:
    if coding == "zstd":
        return _decompress_zstd(content)
    if coding not in _WINDOW_BITS:
        return None
    decompressor = zlib.decompressobj(_WINDOW_BITS[coding])
    try:
        decoded = decompressor.decompress(content, MAX_COPY_BYTES)
    except zlib.error:
        return None
    return decoded if decompressor.eof else None


def _decompress_zstd(content: bytes) -> bytes | None:
    # The read is bounded: a small frame can expand to more than the memory.
    reader = zstandard.ZstdDecompressor().stream_reader(content)
    try:
        decoded = reader.read(MAX_COPY_BYTES + 1)
    except zstandard.ZstdError:
        return None
    return bytes(decoded) if len(decoded) <= MAX_COPY_BYTES else None
