"""One HTTP/1.1 connection to the teacher, read by llhttp, the parser of Node.

A connection carries one request at a time. Whatever is not plainly in order (bytes that
nobody asked for, a response that ends early) closes it: it is never used again.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

import httptools
from typing_extensions import override

__all__ = ["Connection", "Headers", "Upload", "WireError"]

Headers = list[tuple[bytes, bytes]]

BUFFERED: Final = 256 * 1024
"""Bytes of a response that may wait for a slow client before reading pauses."""
LONGEST_HEAD: Final = 256 * 1024
"""Bytes of all response headers together."""
WRITTEN_AT_ONCE: Final = 64 * 1024
"""Up to this size head and body leave in one packet train."""
_INTERIM: Final = range(100, 200)
_FINAL: Final = range(200, 600)


class WireError(Exception):
    """The connection failed; the message says how, without any content."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A request body that is sent as it arrives."""

    pieces: AsyncIterator[bytes]
    """The body."""
    length: int | None
    """Its announced size; none to send it in chunks."""


class Connection(asyncio.Protocol):
    """One connection, idle or with one request on it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._upload: asyncio.Task[None] | None = None
        self.transport: Any = None
        """What it writes to; replaced when TLS starts on top."""
        self.used = 0
        """Requests so far."""
        self.closed = False
        """Whether it has ended."""
        self.idle_since = 0.0
        """When it was given back, by the loop's clock."""
        self._clear()

    def _clear(self) -> None:
        self.status = 0
        """Status of the response."""
        self.headers: Headers = []
        """Its headers, names in lower case."""
        self.begun = False
        """Whether any byte of the response has come."""
        self._arrived = False
        self._complete = False
        self._keep = False
        self._error: Exception | None = None
        self._pieces: deque[bytes] = deque()
        self._waiting = 0
        self._paused = False
        self._head_size = 0
        self._excess = False

    def send(
        self, head: bytes, body: bytes | Upload | None, *, bodiless: bool = False
    ) -> None:
        """Send a request; an upload goes on in the background.

        Args:
            head: Request line and headers, with the empty line after them.
            body: What follows.
            bodiless: Whether no body follows the response's head, whatever it says.
        """
        self._clear()
        self._bodiless = bodiless
        self._parser = httptools.HttpResponseParser(self)
        self.used += 1
        if isinstance(body, Upload):
            self._upload = self._loop.create_task(self._send_pieces(head, body))
            self._upload.add_done_callback(self._uploaded)
        elif body and len(body) > WRITTEN_AT_ONCE:
            self.transport.write(head)
            self.transport.write(body)
        else:
            self.transport.write(head + body if body else head)

    async def head(self) -> None:
        """Return once the status and the headers of the response are there.

        Raises:
            WireError: The connection failed before.
        """
        while not self._arrived:
            if self._error:
                raise self._error
            await self._change()

    async def pieces(self) -> AsyncIterator[bytes]:
        """Give the body of the response as it arrives.

        Raises:
            WireError: The connection failed before its end.
        """
        while True:
            if self._pieces:
                yield self._take()
            elif self._complete:
                return
            elif self._error:
                raise self._error
            else:
                await self._change()

    @property
    def reusable(self) -> bool:
        """Whether another request may be sent on it."""
        in_order = self._complete and self._keep and not self._excess
        uploading = self._upload is not None and not self._upload.done()
        return in_order and not (uploading or self.closed or self._pieces)

    def abort(self) -> None:
        """End it at once, and with it whatever the teacher still does on it."""
        if self._upload:
            self._upload.cancel()
        self.closed = True
        self.transport.abort()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        if self._complete or not self.used:
            self._fail("bytes that nobody asked for")
            return
        self.begun = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(f"no HTTP: {error.__context__ or error}")
        if self._waiter:
            self._wake()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        if self._arrived and not self._complete and self._until_closed and exc is None:
            self._complete = True
        elif not self._complete and self._error is None:
            cause = getattr(exc, "strerror", None) or (exc and str(exc))
            self._error = WireError(cause or "the connection was closed")
        self._wake()
        self.resume_writing()

    @override
    def pause_writing(self) -> None:
        self._writable = self._loop.create_future()

    @override
    def resume_writing(self) -> None:
        writable, self._writable = self._writable, None
        if writable and not writable.done():
            writable.set_result(None)

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Note when a second response follows the one asked for."""
        self._excess = self._complete

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header, up to a bound on all of them."""
        self._head_size += len(name) + len(value)
        if self._head_size > LONGEST_HEAD:
            raise WireError("the headers are longer than any client would take")
        if not self._arrived:  # afterwards come trailers, which nobody is told of
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Let the head be read, unless it is an interim one."""
        if self._complete:
            return  # what follows an answer unasked is nobody's
        self.status = self._parser.get_status_code()
        if self.status in _INTERIM:
            self.headers = []
            return
        if self.status not in _FINAL:
            raise WireError(f"{self.status} is no status of HTTP")
        self._arrived = True
        self._complete = self._bodiless

    def on_body(self, content: bytes) -> None:
        """Keep a part of the body; stop reading when the client is slower."""
        if self._complete:
            return
        self._pieces.append(content)
        self._waiting += len(content)
        if self._waiting > BUFFERED and not self._paused:
            self._paused = True
            self.transport.pause_reading()

    def on_message_complete(self) -> None:
        """Note that the response is whole."""
        if self._arrived and not self._complete:
            self._complete = True
            self._keep = self._parser.should_keep_alive()

    @property
    def _until_closed(self) -> bool:
        framed = {b"content-length", b"transfer-encoding"}
        return not any(name in framed for name, _ in self.headers)

    def _take(self) -> bytes:
        content = b"".join(self._pieces)
        self._pieces.clear()
        self._waiting = 0
        if self._paused:
            self._paused = False
            self.transport.resume_reading()
        return content

    async def _change(self) -> None:
        self._waiter = self._loop.create_future()
        await self._waiter

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter and not waiter.done():
            waiter.set_result(None)

    def _fail(self, cause: str) -> None:
        self._error = self._error or WireError(cause)
        self.abort()

    async def _send_pieces(self, head: bytes, upload: Upload) -> None:
        async for piece in upload.pieces:
            framed = piece
            if upload.length is None:
                framed = b"%x\r\n%s\r\n" % (len(piece), piece)
            # The head goes with the first piece: most bodies are there as a whole.
            self.transport.write(head + framed)
            head = b""
            if self._writable:
                await self._writable
            if self.closed:
                return
        if head or upload.length is None:
            last = b"0\r\n\r\n" if upload.length is None else b""
            self.transport.write(head + last)

    def _uploaded(self, upload: "asyncio.Task[None]") -> None:
        error = None if upload.cancelled() else upload.exception()
        if isinstance(error, Exception) and not self._complete:
            self._error = error
            self.abort()
            self._wake()
