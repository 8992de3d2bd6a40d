"""A teacher with HTTP/2 on loopback that can violate the protocol."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote

from h2 import events
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings

from tracer_bentos.http_client.http2_codec import PlainEncoder
from tracer_bentos.serving.http_server.exchange import ASGIApp, Message, Scope

__all__ = [
    "Http2Teacher",
    "Http2TeacherConnection",
    "ReceivedRequest",
    "hosting",
    "http2_scripted",
    "responding",
]

Fields = list[tuple[bytes, bytes]]
_OK: Fields = [(b":status", b"200")]


@dataclass(eq=False)
class ReceivedRequest:
    """One request as it was received."""

    number: int
    fields: Fields
    body: bytearray = field(default_factory=bytearray)
    chunks: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    code: int | None = None
    """Error code with which the client reset the request."""

    @property
    def path(self) -> bytes:
        return dict(self.fields)[b":path"]


@dataclass
class Http2Teacher:
    """The received requests, and the accepted and ended connections."""

    url: str = ""
    requests: list[ReceivedRequest] = field(default_factory=list)
    accepted: list["Http2TeacherConnection"] = field(default_factory=list)
    ended: int = 0
    sent: int = 0

    @property
    def connections(self) -> int:
        return len(self.accepted)

    @property
    def reset_codes(self) -> list[int | None]:
        """The error codes with which the client reset requests."""
        return [request.code for request in self.requests if request.code is not None]


class Http2TeacherConnection:
    """One connection of the teacher."""

    def __init__(
        self,
        teacher: Http2Teacher,
        script: "Script",
        settings: Mapping[SettingCodes, int],
        *,
        grants_windows: bool,
    ) -> None:
        self._teacher = teacher
        self._script = script
        self._settings = settings
        self._grants_windows = grants_windows
        self._open: dict[int, ReceivedRequest] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._window_changed = asyncio.Condition()
        self.max_concurrent = 0
        """Maximum number of concurrent requests."""
        self.pings = 0
        """Number of received pings."""
        self.silent = False
        """Whether the connection reads but does not write."""
        self.transform: Callable[[bytes], bytes] = bytes
        """Changes all written data."""
        self.h2 = H2Connection(
            H2Configuration(
                client_side=False,
                validate_outbound_headers=False,
                normalize_outbound_headers=False,
            )
        )

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Serve requests until the client ends the connection."""
        self._writer = writer
        self.h2.encoder = PlainEncoder()
        initial = dict(self.h2.local_settings) | dict(self._settings)
        self.h2.local_settings = Settings(client=False, initial_values=initial)
        self.h2.initiate_connection()
        self.flush()
        try:
            while data := await reader.read(65_536):
                for event in self.h2.receive_data(data):
                    await self._on(event)
                self.flush()
        finally:
            for request in self._open.values():
                request.code = -1 if request.code is None else request.code
                request.chunks.put_nowait(None)
                request.ended.set()
            await self._wake()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def flush(self) -> None:
        """Send all pending data."""
        data = self.h2.data_to_send()
        if data and not self.silent:
            self._writer.write(self.transform(data))

    def raw(self, content: bytes) -> None:
        """Send bytes without a check."""
        self._writer.write(content)

    def close(self) -> None:
        """Abort the connection."""
        self._writer.transport.abort()

    async def close_after_flush(self) -> None:
        """Close the connection after all data is sent."""
        await self._writer.drain()
        self._writer.close()

    def head(
        self, request: ReceivedRequest, fields: Fields, *, last: bool = False
    ) -> None:
        """Send the status and the headers of an interim or final response."""
        self.h2.send_headers(request.number, fields, end_stream=last)
        if last:
            self._open.pop(request.number, None)
        self.flush()

    async def body(
        self, request: ReceivedRequest, content: bytes, *, last: bool = False
    ) -> None:
        """Send a part of the body when the window of the client allows it."""
        while content:
            window = self.h2.local_flow_control_window(request.number)
            size = min(len(content), window, self.h2.max_outbound_frame_size)
            if size > 0:
                self.h2.send_data(request.number, content[:size])
                self.flush()
                self._teacher.sent += size
                content = content[size:]
                await self._writer.drain()
                continue
            async with self._window_changed:
                await self._window_changed.wait()
            if request.code is not None:
                raise ConnectionResetError
        if last:
            self.h2.end_stream(request.number)
            self._open.pop(request.number, None)
            self.flush()

    async def answer(
        self, request: ReceivedRequest, fields: Fields, content: bytes = b""
    ) -> None:
        """Send a complete response."""
        self.head(request, fields, last=not content)
        if content:
            await self.body(request, content, last=True)

    def grant_window(self, request: ReceivedRequest, size: int) -> None:
        """Allow the client to send more bytes."""
        self.h2.acknowledge_received_data(size, request.number)
        self.flush()

    def reset(self, request: ReceivedRequest, code: ErrorCodes) -> None:
        """Reset a request."""
        self.h2.reset_stream(request.number, code)
        self._open.pop(request.number, None)
        self.flush()

    def abort_request(self, request: ReceivedRequest) -> None:
        """Reset a request unless its response is complete."""
        if request.number in self._open and request.code is None:
            self.reset(request, ErrorCodes.INTERNAL_ERROR)

    def go_away(self, last: int, code: ErrorCodes = ErrorCodes.NO_ERROR) -> None:
        """Announce that requests after `last` are not processed; others continue."""
        payload = last.to_bytes(4) + int(code).to_bytes(4)
        self.raw(b"\0\0\x08\x07\0\0\0\0\0" + payload)

    async def _on(self, event: events.Event) -> None:
        match event:
            case events.RequestReceived():
                self._begin(
                    ReceivedRequest(event.stream_id, list(map(tuple, event.headers)))
                )
            case events.DataReceived():
                self._receive(event)
            case events.StreamEnded():
                self._end(self._open.get(event.stream_id))
            case events.StreamReset():
                request = self._open.pop(event.stream_id, None)
                if request:
                    request.code = int(event.error_code)
                self._end(request)
                await self._wake()
            case events.PingReceived():
                self.pings += 1
            case events.WindowUpdated() | events.RemoteSettingsChanged():
                await self._wake()

    def _begin(self, request: ReceivedRequest) -> None:
        self._open[request.number] = request
        self._teacher.requests.append(request)
        self.max_concurrent = max(self.max_concurrent, len(self._open))
        task = asyncio.create_task(self._run_script(request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _receive(self, event: events.DataReceived) -> None:
        request = self._open.get(event.stream_id)
        if request:
            if self._grants_windows:
                self.grant_window(request, event.flow_controlled_length)
            request.body += event.data
            request.chunks.put_nowait(bytes(event.data))

    def _end(self, request: ReceivedRequest | None) -> None:
        if request:
            request.chunks.put_nowait(None)
            request.ended.set()

    async def _run_script(self, request: ReceivedRequest) -> None:
        with contextlib.suppress(ConnectionError, ProtocolError):
            await self._script(self, request)

    async def _wake(self) -> None:
        async with self._window_changed:
            self._window_changed.notify_all()


Script = Callable[[Http2TeacherConnection, ReceivedRequest], Awaitable[None]]
"""Handles one request."""


def responding(content: bytes = b"hi", fields: Fields = _OK) -> Script:
    """Return a script with the same response to every complete request."""

    async def script(
        connection: Http2TeacherConnection, request: ReceivedRequest
    ) -> None:
        await request.ended.wait()
        if request.code is None:
            await connection.answer(request, fields, content)

    return script


def hosting(app: ASGIApp) -> Script:
    """Return a script that runs an ASGI application."""

    async def script(
        connection: Http2TeacherConnection, request: ReceivedRequest
    ) -> None:
        async def receive() -> Message:
            chunk = await request.chunks.get()
            if chunk is None and request.code is not None:
                return {"type": "http.disconnect"}
            more = chunk is not None
            connection.grant_window(request, len(chunk or b""))
            return {"type": "http.request", "body": chunk or b"", "more_body": more}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                status = (b":status", b"%d" % message["status"])
                connection.head(request, [status, *message["headers"]])
            else:
                last = not message.get("more_body", False)
                await connection.body(request, message.get("body", b""), last=last)

        try:
            await app(_scope_of(request), receive, send)
        finally:
            connection.abort_request(request)

    return script


def _scope_of(request: ReceivedRequest) -> Scope:
    named = dict(request.fields)
    path, _, query = named[b":path"].partition(b"?")
    return {
        "type": "http",
        "method": named[b":method"].decode(),
        "path": unquote(path.decode()),
        "raw_path": path,
        "query_string": query,
        "headers": [pair for pair in request.fields if not pair[0].startswith(b":")],
    }


@asynccontextmanager
async def http2_scripted(
    script: Script,
    tls: ssl.SSLContext | None = None,
    settings: Mapping[SettingCodes, int] | None = None,
    *,
    grants_windows: bool = True,
) -> AsyncIterator[Http2Teacher]:
    """Start a teacher that runs the script for every request.

    Args:
        script: Handles one request.
        tls: Settings of TLS; none for a connection without TLS.
        settings: Settings that the teacher announces.
        grants_windows: Whether the client can always send; otherwise only the script
            allows more than the first window.
    """
    teacher = Http2Teacher()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Http2TeacherConnection(
            teacher, script, settings or {}, grants_windows=grants_windows
        )
        teacher.accepted.append(connection)
        with contextlib.suppress(ConnectionError, ProtocolError):
            await connection.serve(reader, writer)
        teacher.ended += 1
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    teacher.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}/v1"
    try:
        yield teacher
    finally:
        server.close()
        for connection in teacher.accepted:
            connection.close()
