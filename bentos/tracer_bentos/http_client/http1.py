"""One HTTP/1.1 connection to the teacher, read by llhttp, the parser of Node.

A connection carries one request at a time. Whatever is not plainly in order (bytes that
nobody asked for, a response that ends early) closes it: it is never used again.
"""

import asyncio
from typing import Any, Final

import httptools
from typing_extensions import override

from tracer_bentos.http_client.connection import (
    MAX_BUFFERED_BYTES,
    MAX_HEADER_BYTES,
    HttpRequest,
    RequestBody,
    TransportError,
)
from tracer_bentos.http_client.proxy import Origin, Proxy
from tracer_bentos.http_client.response_stream import ResponseStream

__all__ = ["Http1Connection", "Http1RequestSerializer"]

MAX_BATCH_BYTES: Final = 64 * 1024
"""Up to this size head and body leave in one packet train."""
_INTERIM: Final = range(100, 200)
_FINAL: Final = range(200, 600)


class Http1RequestSerializer:
    """Http1RequestSerializer of requests to one server."""

    def __init__(self, origin: Origin, proxy: Proxy | None) -> None:
        authority = origin.authority.encode()
        passes_on = proxy is not None and origin.scheme == "http"
        lines = [b" HTTP/1.1", b"host: " + authority]
        if proxy and passes_on:
            lines += [b"%s: %s" % pair for pair in proxy.headers]
        self._before_path = b"http://" + authority if passes_on else b""
        self._lead = b"\r\n".join([*lines, b""])

    def serialize(self, request: HttpRequest) -> bytes:
        """Give request line and headers, with the empty line after them."""
        method, body = request.method, request.body
        parts = [
            b"%s %s%s" % (method.encode(), self._before_path, request.target),
            self._lead,
        ]
        parts += [b"%s: %s\r\n" % pair for pair in request.headers]
        length = body.length if isinstance(body, RequestBody) else len(body or b"")
        if length is None:
            parts.append(b"transfer-encoding: chunked\r\n")
        elif body or method in _WITH_BODY:
            parts.append(b"content-length: %d\r\n" % length)
        return b"".join([*parts, b"\r\n"])


class Http1Connection(ResponseStream, asyncio.Protocol):
    """One connection, idle or with one request on it, which it is itself."""

    idle_timeout = 4.0
    """Shorter than the five seconds after which many servers drop one that rests."""
    refused = False
    """Nobody says so in HTTP/1.1."""

    def __init__(self, heads: Http1RequestSerializer) -> None:
        self._loop = asyncio.get_running_loop()
        self._heads = heads
        self._writable: asyncio.Future[None] | None = None
        self._upload: asyncio.Task[None] | None = None
        self._transport: Any = None
        self.available_streams = 1
        """One, while it has no request and may have another."""
        self.idle = True
        """Whether no request is on it."""
        self.used = 0
        """Requests so far."""
        self.closed = False
        """Whether it has ended."""
        self.idle_since = self._loop.time()
        """When it was given back, by the loop's clock."""
        super().__init__()

    @override
    def _clear(self) -> None:
        super()._clear()
        self._keep_alive = False
        self._paused = False
        self._head_size = 0
        self._excess = False

    @property
    def connection(self) -> "Http1Connection":
        """Itself."""
        return self

    @property
    def stale(self) -> bool:
        """Whether it served others before and ended without a byte of this answer."""
        return self.used > 1 and not self.begun

    def call(self) -> "Http1Connection":
        """Take its one place."""
        self.available_streams, self.idle = 0, False
        return self

    def end(self) -> None:
        """Give the place back; what cannot be used again is closed."""
        self.idle = True
        if self.reusable:
            self.available_streams = 1
        else:
            self.abort()

    def send(self, request: HttpRequest) -> None:
        """Send a request; an upload goes on in the background."""
        self._clear()
        self._bodiless = request.method == "HEAD"
        self._parser = httptools.HttpResponseParser(self)
        self.used += 1
        head, body = self._heads.serialize(request), request.body
        if isinstance(body, RequestBody):
            self._upload = self._loop.create_task(self._send_pieces(head, body))
            self._upload.add_done_callback(self._uploaded)
        elif body and len(body) > MAX_BATCH_BYTES:
            self._transport.write(head)
            self._transport.write(body)
        else:
            self._transport.write(head + body if body else head)

    @property
    def reusable(self) -> bool:
        """Whether another request may be sent on it."""
        in_order = self._complete and self._keep_alive and not self._excess
        uploading = self._upload is not None and not self._upload.done()
        return in_order and not (uploading or self.closed or self._pieces)

    def abort(self) -> None:
        """End it at once, and with it whatever the teacher still does on it."""
        if self._upload:
            self._upload.cancel()
        self.closed, self.available_streams = True, 0
        self._transport.abort()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

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
        self.closed, self.available_streams = True, 0
        if self._arrived and not self._complete and self._until_closed and exc is None:
            self._complete = True
        elif not self._complete and self._error is None:
            cause = getattr(exc, "strerror", None) or (exc and str(exc))
            self._error = TransportError(cause or "the connection was closed")
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
        if self._head_size > MAX_HEADER_BYTES:
            raise TransportError("the headers are longer than any client would take")
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
            raise TransportError(f"{self.status} is no status of HTTP")
        self._arrived = True
        self._complete = self._bodiless

    def on_body(self, content: bytes) -> None:
        """Keep a part of the body; stop reading when the client is slower."""
        if self._complete:
            return
        self._keep(content)
        if self._waiting > MAX_BUFFERED_BYTES and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        """Note that the response is whole."""
        if self._arrived and not self._complete:
            self._complete = True
            self._keep_alive = self._parser.should_keep_alive()

    @property
    def _until_closed(self) -> bool:
        framed = {b"content-length", b"transfer-encoding"}
        return not any(name in framed for name, _ in self.headers)

    @override
    def _on_consumed(self, size: int) -> None:
        if self._paused:
            self._paused = False
            self._transport.resume_reading()

    def _fail(self, cause: str) -> None:
        self._error = self._error or TransportError(cause)
        self.abort()

    async def _send_pieces(self, head: bytes, upload: RequestBody) -> None:
        async for piece in upload.pieces:
            framed = piece
            if upload.length is None:
                framed = b"%x\r\n%s\r\n" % (len(piece), piece)
            # The head goes with the first piece: most bodies are there as a whole.
            self._transport.write(head + framed)
            head = b""
            if self._writable:
                await self._writable
            if self.closed:
                return
        if head or upload.length is None:
            last = b"0\r\n\r\n" if upload.length is None else b""
            self._transport.write(head + last)

    def _uploaded(self, upload: "asyncio.Task[None]") -> None:
        error = None if upload.cancelled() else upload.exception()
        if isinstance(error, Exception) and not self._complete:
            self._error = error
            self.abort()
            self._wake()


_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
