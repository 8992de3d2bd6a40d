"""One call on an HTTP/2 connection."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol

from h2.errors import ErrorCodes
from typing_extensions import override

from tracer_bentos.http_client.connection import (
    MAX_BUFFERED_BYTES,
    HttpConnection,
    HttpRequest,
    RequestBody,
    TransportError,
)
from tracer_bentos.http_client.http2_codec import error_name, parse_head
from tracer_bentos.http_client.response_stream import ResponseStream

__all__ = ["Http2Stream", "StreamTransport"]


class StreamTransport(HttpConnection, Protocol):
    """The operations of a connection that a stream uses."""

    def begin(self, stream: "Http2Stream", request: HttpRequest) -> int:
        """Send the head of a request; return the number of the stream.

        Raises:
            TransportError: The connection accepts no more requests.
        """

    def push(
        self, stream: "Http2Stream", content: memoryview, *, last: bool
    ) -> memoryview:
        """Send as much as the windows allow; return the rest."""

    def allow(self, stream: "Http2Stream", size: int) -> None:
        """Allow the server to send more bytes on a stream."""

    def cancel(self, stream: "Http2Stream", code: ErrorCodes) -> None:
        """Reset a stream, so that the server stops processing its request."""

    def release(self, stream: "Http2Stream") -> None:
        """Remove a stream."""


class Http2Stream(ResponseStream):
    """A request and its response; the connection calls it for each event."""

    def __init__(self, transport: StreamTransport) -> None:
        super().__init__()
        self._transport = transport
        self._upload: asyncio.Task[None] | None = None
        self._capacity: asyncio.Future[None] | None = None
        self._sent = False
        self._closed = False
        self._unacknowledged_bytes = 0
        self.number = 0
        """Number on the connection; 0 before the request is sent."""
        self.refused = False
        """Whether the teacher reported that it did not process the request."""
        self.stale = False
        """Whether a reused connection ended before the first byte of the response."""

    @property
    def connection(self) -> HttpConnection:
        """The connection of the stream."""
        return self._transport

    def send(self, request: HttpRequest) -> None:
        """Send a request; the rest of a large body is sent in the background.

        Raises:
            TransportError: The connection accepts no more requests; nothing was sent.
        """
        body = request.body
        try:
            self.number = self._transport.begin(self, request)
        except TransportError:
            self.refused = self._closed = True
            raise
        if isinstance(body, RequestBody):
            self._in_background(self._send_chunks(body))
        elif body:
            rest = self._push(memoryview(body), last=True)
            if rest:
                self._in_background(self._send(rest, last=True))
        else:
            self._sent = True

    def end(self) -> None:
        """Remove the stream from its connection; cancel an incomplete response."""
        if self._upload:
            self._upload.cancel()
        if self.number and not self._closed and not (self._sent and self._complete):
            self._close(ErrorCodes.CANCEL)
        self._transport.release(self)

    # Callbacks of the connection.

    def on_headers(self, fields: list[tuple[bytes, bytes]]) -> None:
        """Make the head of the response available."""
        self.started = True
        try:
            self.status, self.headers = parse_head(fields)
        except TransportError as error:
            self._close(ErrorCodes.PROTOCOL_ERROR)
            self.fail(error)
        else:
            self._has_head = True
            self._wake()

    def on_data(self, content: bytes, size: int) -> None:
        """Store a part of the body.

        Args:
            content: The part.
            size: Its size in the flow control window, including padding.
        """
        if self._closed:
            return
        self._on_consumed(size - len(content))
        self._append(content)
        self._wake()

    def on_end(self) -> None:
        """Record that the response is complete."""
        self._complete = self._has_head
        if not self._has_head:
            self.fail(TransportError("the response ended before its headers"))
        self._wake()

    def on_reset(self, code: int) -> None:
        """Record that the server reset the stream."""
        self._closed = True
        self.refused = code == ErrorCodes.REFUSED_STREAM and not self.started
        self.fail(TransportError(f"the teacher reset the stream: {error_name(code)}"))

    def on_capacity(self) -> None:
        """Continue to send the body."""
        capacity, self._capacity = self._capacity, None
        if capacity and not capacity.done():
            capacity.set_result(None)

    def on_refused(self, error: TransportError) -> None:
        """Record that the connection ended before the server processed the request."""
        self._closed = True
        self.refused = not self.started
        self.fail(error)

    def on_connection_lost(self, error: TransportError) -> None:
        """Record that the connection ended."""
        self._closed = True
        self.stale = self.number > 1 and not self.started
        self.fail(error)

    def fail(self, error: Exception) -> None:
        """Fail the readers of the response with an error, unless it is complete."""
        if self._upload:
            self._upload.cancel()
        if not self._complete and self._error is None:
            self._error = error
        self._wake()

    @override
    def _on_consumed(self, size: int) -> None:
        self._unacknowledged_bytes += size
        if self._unacknowledged_bytes >= MAX_BUFFERED_BYTES // 2 and not (
            self._closed or self._complete
        ):
            self._transport.allow(self, self._unacknowledged_bytes)
            self._unacknowledged_bytes = 0

    def _push(self, content: memoryview, *, last: bool) -> memoryview:
        rest = self._transport.push(self, content, last=last)
        self._sent = last and not rest
        return rest

    async def _send(self, content: memoryview, *, last: bool) -> None:
        while rest := self._push(content, last=last):
            content = rest
            self._capacity = asyncio.get_running_loop().create_future()
            await self._capacity

    async def _send_chunks(self, upload: RequestBody) -> None:
        async for chunk in upload.iter_replayable():
            await self._send(memoryview(chunk), last=False)
        await self._send(memoryview(b""), last=True)

    def _in_background(self, sending: Coroutine[Any, Any, None]) -> None:
        self._upload = asyncio.get_running_loop().create_task(sending)
        self._upload.add_done_callback(self._on_uploaded)

    def _on_uploaded(self, upload: "asyncio.Task[None]") -> None:
        error = None if upload.cancelled() else upload.exception()
        if isinstance(error, Exception) and not self._complete:
            if not self._closed:
                self._close(ErrorCodes.CANCEL)
            self.fail(error)

    def _close(self, code: ErrorCodes) -> None:
        self._closed = True
        self._transport.cancel(self, code)
