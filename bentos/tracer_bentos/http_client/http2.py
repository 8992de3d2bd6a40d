"""One HTTP/2 connection to the teacher, over the library `h2`.

The library knows frames, headers and windows; here are sockets, many calls at a time
and what becomes of them. A call's window opens as its client takes bytes, that of the
connection is as large as can be: one slow client holds up nobody else.
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
    name_of,
    new_h2_connection,
)
from tracer_bentos.http_client.http2_stream import Http2Stream

__all__ = ["Http2Connection"]

MAX_STREAMS: Final = 256
"""Calls on one connection, also where the server would take more."""
PING_SECONDS: Final = 60.0
"""A server that is silent for so long is asked, and given up after as long again."""
_MAX_WINDOW: Final = 2**31 - 1
_FIRST_WINDOW: Final = 2**16 - 1
_LAST_STREAM: Final = 2**31 - 1
_PING: Final = b"tracer\0\0"


class Http2Connection(asyncio.Protocol):
    """A connection with many calls on it."""

    idle_timeout = 30.0
    """Servers say goodbye to one that rests, so it may for longer than in HTTP/1.1."""

    def __init__(self, heads: Http2RequestSerializer) -> None:
        self._loop = asyncio.get_running_loop()
        self._heads = heads
        self._wire = new_h2_connection()
        self._frames = FrameReader()
        self._streams: dict[int, Http2Stream] = {}
        self._calls = 0
        self._transport: Any = None
        self._full = False
        self._received = 0
        self._goodbye: str | None = None
        self._heard = self._loop.time()
        self._asked = False
        self._watch: asyncio.TimerHandle | None = None
        self.idle_since = self._heard
        """Since when it rests, by the loop's clock."""
        self.closed = False
        """Whether it has ended."""
        self.settled: asyncio.Future[None] = self._loop.create_future()
        """Done once the server has said what it takes."""

    @property
    def available_streams(self) -> int:
        """Calls that it would take now."""
        spent = self._wire.highest_outbound_stream_id >= _LAST_STREAM - MAX_STREAMS
        if self.closed or spent or self._goodbye is not None:
            return 0
        allowed = self._wire.remote_settings.max_concurrent_streams
        return max(min(allowed, MAX_STREAMS) - self._calls, 0)

    @property
    def idle(self) -> bool:
        """Whether no call is on it."""
        return not self._calls

    def call(self) -> Http2Stream:
        """Give a place on it; there must be room."""
        if self.idle:
            # It had nothing to say until now.
            self._heard, self._asked = self._loop.time(), False
        self._calls += 1
        if self._watch is None:
            self._watch = self._loop.call_later(PING_SECONDS, self._check_liveness)
        return Http2Stream(self)

    def abort(self) -> None:
        """End it at once, and with it whatever the teacher still does on it."""
        self._end(TransportError("the connection was closed"))
        self._transport.abort()

    # What streams ask for.

    def begin(self, stream: Http2Stream, request: HttpRequest) -> int:
        """Send the head of a request, a body's with it; give the stream's number.

        Raises:
            TransportError: The connection takes none.
        """
        if self.closed:
            raise TransportError("the connection was closed")
        number = self._wire.get_next_available_stream_id()
        fields, bodiless = self._heads.serialize(request), not request.body
        try:
            self._wire.send_headers(number, fields, end_stream=bodiless)
        except ProtocolError as error:
            raise TransportError(f"no call can be sent: {error}") from None
        self._streams[number] = stream
        if bodiless:
            self._flush()
        return number

    def push(
        self, stream: Http2Stream, content: memoryview, *, last: bool
    ) -> memoryview:
        """Send what may be sent now; give the rest."""
        wire, number = self._wire, stream.number
        more = True
        while more and not (self._full and content):
            window = wire.local_flow_control_window(number)
            size = min(len(content), window, wire.max_outbound_frame_size)
            more = 0 < size < len(content)
            ends = last and size == len(content)
            if size > 0 or ends:
                wire.send_data(number, bytes(content[:size]), end_stream=ends)
                content = content[size:]
            self._flush()  # which may fill what the transport takes
        return content

    def allow(self, stream: Http2Stream, size: int) -> None:
        """Let the server send so many more bytes."""
        with contextlib.suppress(StreamClosedError):  # it has just ended
            self._wire.increment_flow_control_window(size, stream.number)
        self._flush()

    def cancel(self, stream: Http2Stream, code: ErrorCodes) -> None:
        """Tell the server that nobody waits for it."""
        with contextlib.suppress(StreamClosedError):  # it has just ended
            self._wire.reset_stream(stream.number, code)
        self._flush()

    def release(self, stream: Http2Stream) -> None:
        """Take its place back."""
        self._streams.pop(stream.number, None)
        self._calls -= 1
        self.idle_since = self._loop.time()

    # What the transport tells.

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._wire.initiate_connection()
        self._wire.increment_flow_control_window(_MAX_WINDOW - _FIRST_WINDOW)
        self._flush()

    @override
    def data_received(self, data: bytes) -> None:
        self._heard, self._asked = self._loop.time(), False
        try:
            for part in self._frames.feed(data):
                if isinstance(part, GoAway):
                    self._on_goaway(part)
                else:
                    self._on_event(part)
        except TransportError as error:
            self._fail(error)
        except ProtocolError as error:
            self._flush()  # the library tells the server what is wrong
            self._fail(TransportError(f"no HTTP/2: {error}"))
        else:
            self._flush()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        cause = getattr(exc, "strerror", None) or (exc and str(exc)) or self._goodbye
        self._end(TransportError(cause or "the connection was closed"))

    @override
    def pause_writing(self) -> None:
        self._full = True

    @override
    def resume_writing(self) -> None:
        self._full = False
        self._on_capacity()

    def _on_event(self, frames: bytes) -> None:
        for event in self._wire.receive_data(frames):
            tell = _TOLD.get(type(event))
            if tell:
                tell(self, event)

    def _on_headers(self, event: events.ResponseReceived) -> None:
        stream = self._streams.get(event.stream_id)
        if stream:
            stream.on_headers(event.headers)

    def _on_data(self, event: events.DataReceived) -> None:
        size = event.flow_controlled_length
        self._received += size
        if self._received > _MAX_WINDOW // 2:
            self._wire.increment_flow_control_window(self._received)
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
        if not self.settled.done():
            self.settled.set_result(None)
        self._on_capacity()

    def _on_capacity(self) -> None:
        for stream in [*self._streams.values()]:
            stream.on_capacity()

    def _on_goaway(self, goodbye: GoAway) -> None:
        said = f"the teacher ended the connection: {name_of(goodbye.code)}"
        self._goodbye = said
        for number, stream in [*self._streams.items()]:
            if number > goodbye.last:
                stream.on_refused(TransportError(said))
        if self.idle:
            self.abort()

    def _check_liveness(self) -> None:
        """See whether the server is still there, while calls wait for it."""
        self._watch = None
        if self.closed or self.idle:
            return
        silent = self._loop.time() - self._heard >= PING_SECONDS
        if silent and self._asked:
            self._fail(TransportError("the teacher has vanished: it answers no ping"))
            return
        if silent:
            self._asked = True
            self._wire.ping(_PING)
            self._flush()
        self._watch = self._loop.call_later(PING_SECONDS, self._check_liveness)

    def _flush(self) -> None:
        data = self._wire.data_to_send()
        if data and not self.closed:
            self._transport.write(data)

    def _fail(self, error: TransportError) -> None:
        self._end(error)
        self._transport.abort()

    def _end(self, error: TransportError) -> None:
        self.closed = True
        if self._watch:
            self._watch.cancel()
        if not self.settled.done():
            self.settled.set_exception(error)
        for stream in [*self._streams.values()]:
            stream.lost(error)


_TOLD: Final[dict[type[events.Event], Callable[[Http2Connection, Any], None]]] = {
    events.ResponseReceived: Http2Connection._on_headers,  # noqa: SLF001 - its own
    events.DataReceived: Http2Connection._on_data,  # noqa: SLF001 - the same
    events.StreamEnded: Http2Connection._on_end,  # noqa: SLF001 - the same
    events.StreamReset: Http2Connection._on_reset,  # noqa: SLF001 - the same
    events.WindowUpdated: Http2Connection._on_window,  # noqa: SLF001 - the same
    events.RemoteSettingsChanged: Http2Connection._on_settings,  # noqa: SLF001 - the same
}
