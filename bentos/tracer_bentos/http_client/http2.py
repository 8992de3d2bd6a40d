"""One HTTP/2 connection to the teacher, based on the library `h2`.

The library implements frames, headers, and windows. This module implements the socket
and the concurrent calls. The window of a call grows as its client reads the response.
The window of the connection has the maximum size, so a slow client does not delay other
calls.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Final

from h2 import events
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError, StreamClosedError
from typing_extensions import override

from tracer_bentos.http_client.connection import HttpRequest, TransportError
from tracer_bentos.http_client.http2_codec import (
    FrameReader,
    GoAway,
    Http2RequestSerializer,
    error_name,
    new_h2_connection,
)
from tracer_bentos.http_client.http2_stream import Http2Stream

__all__ = ["Http2Connection"]

MAX_STREAMS: Final = 256
"""Maximum number of calls on one connection, even if the server allows more."""
PING_SECONDS: Final = 60.0
"""Time without data from the server before a ping is sent. After the same time without
a response, the connection is closed."""
_MAX_WINDOW: Final = 2**31 - 1
_FIRST_WINDOW: Final = 2**16 - 1
_LAST_STREAM: Final = 2**31 - 1
_PING: Final = b"tracer\0\0"


class Http2Connection(asyncio.Protocol):
    """A connection with several concurrent calls."""

    idle_timeout = 30.0
    """Longer than in HTTP/1.1, because servers announce the end of a connection."""

    def __init__(self, serializer: Http2RequestSerializer) -> None:
        self._loop = asyncio.get_running_loop()
        self._serializer = serializer
        self._h2 = new_h2_connection()
        self._frames = FrameReader()
        self._streams: dict[int, Http2Stream] = {}
        self._calls = 0
        self._transport: Any = None
        self._write_paused = False
        self._received = 0
        self._goaway_reason: str | None = None
        self._last_received = self._loop.time()
        self._ping_sent = False
        self._liveness_timer: asyncio.TimerHandle | None = None
        self.idle_since = self._last_received
        """Start of the idle time, by the clock of the event loop."""
        self.closed = False
        """Whether the connection has ended."""
        self.settings_received: asyncio.Future[None] = self._loop.create_future()
        """Done when the settings of the server have been received."""

    @property
    def available_streams(self) -> int:
        """Number of calls that the connection can accept now."""
        no_ids_left = self._h2.highest_outbound_stream_id >= _LAST_STREAM - MAX_STREAMS
        if self.closed or no_ids_left or self._goaway_reason is not None:
            return 0
        allowed = self._h2.remote_settings.max_concurrent_streams
        return max(min(allowed, MAX_STREAMS) - self._calls, 0)

    @property
    def idle(self) -> bool:
        """Whether the connection has no call."""
        return not self._calls

    def call(self) -> Http2Stream:
        """Return a new call; `available_streams` must not be 0."""
        if self.idle:
            # The server has no reason to send data while no call is open.
            self._last_received, self._ping_sent = self._loop.time(), False
        self._calls += 1
        if self._liveness_timer is None:
            self._liveness_timer = self._loop.call_later(
                PING_SECONDS, self._check_liveness
            )
        return Http2Stream(self)

    def abort(self) -> None:
        """End the connection and all of its calls immediately."""
        self._end(TransportError("the connection was closed"))
        self._transport.abort()

    # Operations for streams.

    def begin(self, stream: Http2Stream, request: HttpRequest) -> int:
        """Send the head of a request; return the number of the stream.

        The head is not flushed if a body follows.

        Raises:
            TransportError: The connection accepts no more requests.
        """
        if self.closed:
            raise TransportError("the connection was closed")
        number = self._h2.get_next_available_stream_id()
        fields, bodiless = self._serializer.serialize(request), not request.body
        try:
            self._h2.send_headers(number, fields, end_stream=bodiless)
        except ProtocolError as error:
            raise TransportError(f"cannot send a request: {error}") from None
        self._streams[number] = stream
        if bodiless:
            self._flush()
        return number

    def push(
        self, stream: Http2Stream, content: memoryview, *, last: bool
    ) -> memoryview:
        """Send as much as the windows allow; return the rest."""
        connection, number = self._h2, stream.number
        more = True
        while more and not (self._write_paused and content):
            window = connection.local_flow_control_window(number)
            size = min(len(content), window, connection.max_outbound_frame_size)
            more = 0 < size < len(content)
            ends = last and size == len(content)
            if size > 0 or ends:
                connection.send_data(number, bytes(content[:size]), end_stream=ends)
                content = content[size:]
            self._flush()  # can pause writing
        return content

    def allow(self, stream: Http2Stream, size: int) -> None:
        """Allow the server to send more bytes on a stream."""
        with contextlib.suppress(StreamClosedError):  # the stream has just ended
            self._h2.increment_flow_control_window(size, stream.number)
        self._flush()

    def cancel(self, stream: Http2Stream, code: ErrorCodes) -> None:
        """Reset a stream, so that the server stops processing its request."""
        with contextlib.suppress(StreamClosedError):  # the stream has just ended
            self._h2.reset_stream(stream.number, code)
        self._flush()

    def release(self, stream: Http2Stream) -> None:
        """Remove a stream."""
        self._streams.pop(stream.number, None)
        self._calls -= 1
        self.idle_since = self._loop.time()

    # Callbacks of the transport.

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(_MAX_WINDOW - _FIRST_WINDOW)
        self._flush()

    @override
    def data_received(self, data: bytes) -> None:
        self._last_received, self._ping_sent = self._loop.time(), False
        try:
            for part in self._frames.feed(data):
                if isinstance(part, GoAway):
                    self._on_goaway(part)
                else:
                    self._on_event(part)
        except TransportError as error:
            self._fail(error)
        except ProtocolError as error:
            self._flush()  # the library has prepared an error frame for the server
            self._fail(TransportError(f"invalid HTTP/2: {error}"))
        else:
            self._flush()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        cause = (
            getattr(exc, "strerror", None) or (exc and str(exc)) or self._goaway_reason
        )
        self._end(TransportError(cause or "the connection was closed"))

    @override
    def pause_writing(self) -> None:
        self._write_paused = True

    @override
    def resume_writing(self) -> None:
        self._write_paused = False
        self._on_capacity()

    def _on_event(self, frames: bytes) -> None:
        for event in self._h2.receive_data(frames):
            handler = _HANDLERS.get(type(event))
            if handler:
                handler(self, event)

    def _on_headers(self, event: events.ResponseReceived) -> None:
        stream = self._streams.get(event.stream_id)
        if stream:
            stream.on_headers(event.headers)

    def _on_data(self, event: events.DataReceived) -> None:
        size = event.flow_controlled_length
        self._received += size
        if self._received > _MAX_WINDOW // 2:
            self._h2.increment_flow_control_window(self._received)
            self._received = 0
        stream = self._streams.get(event.stream_id)
        if stream:
            stream.on_data(event.data, size)

    def _on_end(self, event: events.StreamEnded) -> None:
        stream = self._streams.get(event.stream_id)
        if stream:
            stream.on_end()

    def _on_reset(self, event: events.StreamReset) -> None:
        stream = self._streams.get(event.stream_id)
        if stream:
            stream.on_reset(int(event.error_code))

    def _on_window(self, event: events.WindowUpdated) -> None:
        if not event.stream_id:
            self._on_capacity()
        elif event.stream_id in self._streams:
            self._streams[event.stream_id].on_capacity()

    def _on_settings(self, _: events.RemoteSettingsChanged) -> None:
        if not self.settings_received.done():
            self.settings_received.set_result(None)
        self._on_capacity()

    def _on_capacity(self) -> None:
        for stream in [*self._streams.values()]:
            stream.on_capacity()

    def _on_goaway(self, goaway: GoAway) -> None:
        reason = f"the teacher closed the connection: {error_name(goaway.code)}"
        self._goaway_reason = reason
        for number, stream in [*self._streams.items()]:
            if number > goaway.last_stream:
                stream.on_refused(TransportError(reason))
        if self.idle:
            self.abort()

    def _check_liveness(self) -> None:
        """Send a ping if the server is silent; fail if it did not respond to one."""
        self._liveness_timer = None
        if self.closed or self.idle:
            return
        is_silent = self._loop.time() - self._last_received >= PING_SECONDS
        if is_silent and self._ping_sent:
            self._fail(TransportError("the teacher did not respond to a ping"))
            return
        if is_silent:
            self._ping_sent = True
            self._h2.ping(_PING)
            self._flush()
        self._liveness_timer = self._loop.call_later(PING_SECONDS, self._check_liveness)

    def _flush(self) -> None:
        data = self._h2.data_to_send()
        if data and not self.closed:
            self._transport.write(data)

    def _fail(self, error: TransportError) -> None:
        self._end(error)
        self._transport.abort()

    def _end(self, error: TransportError) -> None:
        self.closed = True
        if self._liveness_timer:
            self._liveness_timer.cancel()
        if not self.settings_received.done():
            self.settings_received.set_exception(error)
        for stream in [*self._streams.values()]:
            stream.on_connection_lost(error)


_HANDLERS: Final[dict[type[events.Event], Callable[[Http2Connection, Any], None]]] = {
    events.ResponseReceived: Http2Connection._on_headers,  # noqa: SLF001 - same module
    events.DataReceived: Http2Connection._on_data,  # noqa: SLF001 - same module
    events.StreamEnded: Http2Connection._on_end,  # noqa: SLF001 - same module
    events.StreamReset: Http2Connection._on_reset,  # noqa: SLF001 - same module
    events.WindowUpdated: Http2Connection._on_window,  # noqa: SLF001 - same module
    events.RemoteSettingsChanged: Http2Connection._on_settings,  # noqa: SLF001 - same module
}
