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
from tracer_bentos.http_client.http2_codec import name_of, read_head
from tracer_bentos.http_client.response_stream import ResponseStream

__all__ = ["Http2Stream", "StreamTransport"]


class StreamTransport(HttpConnection, Protocol):
    """What a stream asks of its connection."""

    def begin(self, stream: "Http2Stream", request: HttpRequest) -> int:
        """Send the head of a request; give the stream's number.

        Raises:
            TransportError: The connection takes none.
        """

    def push(
        self, stream: "Http2Stream", content: memoryview, *, last: bool
    ) -> memoryview:
        """Send what may be sent now; give the rest."""

    def allow(self, stream: "Http2Stream", size: int) -> None:
        """Let the server send so many more bytes."""

    def cancel(self, stream: "Http2Stream", code: ErrorCodes) -> None:
        """Tell the server that nobody waits for it."""

    def release(self, stream: "Http2Stream") -> None:
        """Take its place back."""


class Http2Stream(ResponseStream):
    """A request and its answer; the connection tells it what has come."""

    def __init__(self, carrier: StreamTransport) -> None:
        super().__init__()
        self._carrier = carrier
        self._upload: asyncio.Task[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._sent = False
        self._closed = False
        self._allowed = 0
        self.number = 0
        """Its number on the connection, once it is sent."""
        self.refused = False
        """Whether the teacher is known not to have looked at it."""
        self.stale = False
        """Whether a connection that served others before ended without a word on it."""

    @property
    def connection(self) -> HttpConnection:
        """What it is on."""
        return self._carrier

    def send(self, request: HttpRequest) -> None:
        """Send a request; what cannot leave at once goes on in the background.

        Raises:
            TransportError: The connection takes none, so nothing was sent.
        """
        body = request.body
        try:
            self.number = self._carrier.begin(self, request)
        except TransportError:
            self.refused = self._closed = True
            raise
        if isinstance(body, RequestBody):
            self._in_background(self._send_pieces(body))
        elif body:
            rest = self._push(memoryview(body), last=True)
            if rest:
                self._in_background(self._send(rest, last=True))
        else:
            self._sent = True

    def end(self) -> None:
        """Give its place back; an answer that is not whole is given up."""
        if self._upload:
            self._upload.cancel()
        if self.number and not self._closed and not (self._sent and self._complete):
            self._close(ErrorCodes.CANCEL)
        self._carrier.release(self)

    # What the connection tells.

    def on_headers(self, fields: list[tuple[bytes, bytes]]) -> None:
        """Let the head be read."""
        self.begun = True
        try:
            self.status, self.headers = read_head(fields)
        except TransportError as error:
            self._close(ErrorCodes.PROTOCOL_ERROR)
            self.fail(error)
        else:
            self._arrived = True
            self._wake()

    def on_data(self, content: bytes, size: int) -> None:
        """Keep a part of the body, which took so many bytes on the wire."""
        if self._closed:
            return
        self._on_consumed(size - len(content))
        self._keep(content)
        self._wake()

    def on_end(self) -> None:
        """Note that the answer is whole."""
        self._complete = self._arrived
        if not self._arrived:
            self.fail(TransportError("the answer ended before its head"))
        self._wake()

    def on_reset(self, code: int) -> None:
        """Note that the server has ended it."""
        self._closed = True
        self.refused = code == ErrorCodes.REFUSED_STREAM and not self.begun
        self.fail(TransportError(f"the teacher gave the call up: {name_of(code)}"))

    def on_capacity(self) -> None:
        """Go on sending."""
        room, self._room = self._room, None
        if room and not room.done():
            room.set_result(None)

    def on_refused(self, error: TransportError) -> None:
        """Note that the server has ended the connection without looking at it."""
        self._closed = True
        self.refused = not self.begun
        self.fail(error)

    def lost(self, error: TransportError) -> None:
        """Note that the connection is gone."""
        self._closed = True
        self.stale = self.number > 1 and not self.begun
        self.fail(error)

    def fail(self, error: Exception) -> None:
        """Let whoever waits know, unless the answer is whole."""
        if self._upload:
            self._upload.cancel()
        if not self._complete and self._error is None:
            self._error = error
        self._wake()

    @override
    def _on_consumed(self, size: int) -> None:
        self._allowed += size
        if self._allowed >= MAX_BUFFERED_BYTES // 2 and not (
            self._closed or self._complete
        ):
            self._carrier.allow(self, self._allowed)
            self._allowed = 0

    def _push(self, content: memoryview, *, last: bool) -> memoryview:
        rest = self._carrier.push(self, content, last=last)
        self._sent = last and not rest
        return rest

    async def _send(self, content: memoryview, *, last: bool) -> None:
        while rest := self._push(content, last=last):
            content = rest
            self._room = asyncio.get_running_loop().create_future()
            await self._room

    async def _send_pieces(self, upload: RequestBody) -> None:
        async for piece in upload.replayable():
            await self._send(memoryview(piece), last=False)
        await self._send(memoryview(b""), last=True)

    def _in_background(self, sending: Coroutine[Any, Any, None]) -> None:
        self._upload = asyncio.get_running_loop().create_task(sending)
        self._upload.add_done_callback(self._uploaded)

    def _uploaded(self, upload: "asyncio.Task[None]") -> None:
        error = None if upload.cancelled() else upload.exception()
        if isinstance(error, Exception) and not self._complete:
            if not self._closed:
                self._close(ErrorCodes.CANCEL)
            self.fail(error)

    def _close(self, code: ErrorCodes) -> None:
        self._closed = True
        self._carrier.cancel(self, code)
