"""One HTTP/1.1 connection to the teacher, parsed by llhttp, the parser of Node.js.

A connection carries one request at a time. Any violation of the protocol, such as bytes
without a request or an incomplete response, closes the connection.
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
"""Maximum size of a body that is sent in one write with the head, in bytes."""
_INTERIM: Final = range(100, 200)
_FINAL: Final = range(200, 600)


class Http1RequestSerializer:
    """Serializes the serializer of requests to one server.

    Args:
        origin: The server.
        proxy: A proxy that forwards the requests; none without such a proxy.
    """

    def __init__(self, origin: Origin, proxy: Proxy | None) -> None:
        authority = origin.authority.encode()
        is_forwarded = proxy is not None and origin.scheme == "http"
        lines = [b" HTTP/1.1", b"host: " + authority]
        if proxy and is_forwarded:
            lines += [b"%s: %s" % pair for pair in proxy.headers]
        self._path_prefix = b"http://" + authority if is_forwarded else b""
        self._common_lines = b"\r\n".join([*lines, b""])

    def serialize(self, request: HttpRequest) -> bytes:
        """Return the request line and the headers, with the empty line after them."""
        method, body = request.method, request.body
        parts = [
            b"%s %s%s" % (method.encode(), self._path_prefix, request.target),
            self._common_lines,
        ]
        parts += [b"%s: %s\r\n" % pair for pair in request.headers]
        length = body.length if isinstance(body, RequestBody) else len(body or b"")
        if length is None:
            parts.append(b"transfer-encoding: chunked\r\n")
        elif body or method in _WITH_BODY:
            parts.append(b"content-length: %d\r\n" % length)
        return b"".join([*parts, b"\r\n"])


class Http1Connection(ResponseStream, asyncio.Protocol):
    """One connection; it is also the only call on itself."""

    idle_timeout = 4.0
    """Less than the five seconds after which many servers close an idle connection."""
    refused = False
    """HTTP/1.1 cannot report an unprocessed request."""

    def __init__(self, serializer: Http1RequestSerializer) -> None:
        self._loop = asyncio.get_running_loop()
        self._serializer = serializer
        self._writable: asyncio.Future[None] | None = None
        self._upload: asyncio.Task[None] | None = None
        self._transport: Any = None
        self.available_streams = 1
        """1 if the connection can accept a call, else 0."""
        self.idle = True
        """Whether the connection has no call."""
        self.requests = 0
        """Number of requests so far."""
        self.closed = False
        """Whether the connection has ended."""
        self.idle_since = self._loop.time()
        """Start of the idle time, by the clock of the event loop."""
        super().__init__()

    @override
    def _clear(self) -> None:
        super()._clear()
        self._keep_alive = False
        self._paused = False
        self._head_size = 0
        self._has_excess = False

    @property
    def connection(self) -> "Http1Connection":
        """The connection itself."""
        return self

    @property
    def stale(self) -> bool:
        """Whether it ended before this response, after it had served other requests."""
        return self.requests > 1 and not self.started

    def call(self) -> "Http1Connection":
        """Return the call of the connection, which must be idle."""
        self.available_streams, self.idle = 0, False
        return self

    def end(self) -> None:
        """End the call, and close the connection if it cannot be reused."""
        self.idle = True
        if self.reusable:
            self.available_streams = 1
        else:
            self.abort()

    def send(self, request: HttpRequest) -> None:
        """Send a request; an upload continues in the background."""
        self._clear()
        self._bodiless = request.method == "HEAD"
        self._parser = httptools.HttpResponseParser(self)
        self.requests += 1
        head, body = self._serializer.serialize(request), request.body
        if isinstance(body, RequestBody):
            self._upload = self._loop.create_task(self._send_chunks(head, body))
            self._upload.add_done_callback(self._on_uploaded)
        elif body and len(body) > MAX_BATCH_BYTES:
            self._transport.write(head)
            self._transport.write(body)
        else:
            self._transport.write(head + body if body else head)

    @property
    def reusable(self) -> bool:
        """Whether another request can be sent on the connection."""
        is_valid = self._complete and self._keep_alive and not self._has_excess
        uploading = self._upload is not None and not self._upload.done()
        return is_valid and not (uploading or self.closed or self._chunks)

    def abort(self) -> None:
        """End the connection immediately, and with it the request."""
        if self._upload:
            self._upload.cancel()
        self.closed, self.available_streams = True, 0
        self._transport.abort()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        if self._complete or not self.requests:
            self._fail("the teacher sent data without a request")
            return
        self.started = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(f"invalid HTTP: {error.__context__ or error}")
        if self._waiter:
            self._wake()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.closed, self.available_streams = True, 0
        if (
            self._has_head
            and not self._complete
            and self._ends_with_connection
            and exc is None
        ):
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

    # Callbacks of the parser.

    def on_message_begin(self) -> None:
        """Record that a second response follows without a request."""
        self._has_excess = self._complete

    def on_header(self, name: bytes, value: bytes) -> None:
        """Store a header; the size of all headers together is limited."""
        self._head_size += len(name) + len(value)
        if self._head_size > MAX_HEADER_BYTES:
            raise TransportError(
                f"the response headers are larger than {MAX_HEADER_BYTES} bytes"
            )
        if not self._has_head:  # later headers are trailers, which are not forwarded
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Make the head available, unless the response is an interim response."""
        if self._complete:
            return  # the head of a response without a request
        self.status = self._parser.get_status_code()
        if self.status in _INTERIM:
            self.headers = []
            return
        if self.status not in _FINAL:
            raise TransportError(f"invalid HTTP status {self.status}")
        self._has_head = True
        self._complete = self._bodiless

    def on_body(self, content: bytes) -> None:
        """Store a part of the body; stop reading while the client is slower."""
        if self._complete:
            return
        self._append(content)
        if self._buffered_bytes > MAX_BUFFERED_BYTES and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        """Record that the response is complete."""
        if self._has_head and not self._complete:
            self._complete = True
            self._keep_alive = self._parser.should_keep_alive()

    @property
    def _ends_with_connection(self) -> bool:
        framing = {b"content-length", b"transfer-encoding"}
        return not any(name in framing for name, _ in self.headers)

    @override
    def _on_consumed(self, size: int) -> None:
        if self._paused:
            self._paused = False
            self._transport.resume_reading()

    def _fail(self, cause: str) -> None:
        self._error = self._error or TransportError(cause)
        self.abort()

    async def _send_chunks(self, head: bytes, upload: RequestBody) -> None:
        async for chunk in upload.chunks:
            framed = chunk
            if upload.length is None:
                framed = b"%x\r\n%s\r\n" % (len(chunk), chunk)
            # One write for head and first chunk: most bodies have only one chunk.
            self._transport.write(head + framed)
            head = b""
            if self._writable:
                await self._writable
            if self.closed:
                return
        if head or upload.length is None:
            last = b"0\r\n\r\n" if upload.length is None else b""
            self._transport.write(head + last)

    def _on_uploaded(self, upload: "asyncio.Task[None]") -> None:
        error = None if upload.cancelled() else upload.exception()
        if isinstance(error, Exception) and not self._complete:
            self._error = error
            self.abort()
            self._wake()


_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
