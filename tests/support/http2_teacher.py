"""A teacher that speaks HTTP/2 in real bytes, and may do so as none ever should."""

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

__all__ = ["Asked", "Http2Line", "Http2Teacher", "hosting", "http2_scripted", "saying"]

Fields = list[tuple[bytes, bytes]]
_OK: Fields = [(b":status", b"200")]


@dataclass(eq=False)
class Asked:
    """One request as it came."""

    number: int
    fields: Fields
    body: bytearray = field(default_factory=bytearray)
    pieces: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    code: int | None = None
    """With which error the other side gave it up."""

    @property
    def path(self) -> bytes:
        return dict(self.fields)[b":path"]


@dataclass
class Http2Teacher:
    """What has come, and how many connections have ended."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    lines: list["Http2Line"] = field(default_factory=list)
    ended: int = 0
    sent: int = 0

    @property
    def connections(self) -> int:
        return len(self.lines)

    @property
    def given_up(self) -> list[int | None]:
        """The errors with which requests were given up."""
        return [each.code for each in self.asked if each.code is not None]


class Http2Line:
    """One connection."""

    def __init__(
        self,
        teacher: Http2Teacher,
        script: "Script",
        settings: Mapping[SettingCodes, int],
        *,
        takes: bool,
    ) -> None:
        self._teacher = teacher
        self._script = script
        self._settings = settings
        self._takes = takes
        self._asked: dict[int, Asked] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Condition()
        self.most_at_once = 0
        """Requests at one time, at most."""
        self.pings = 0
        """How often the other side asked whether anybody is there."""
        self.silent = False
        """Whether it reads and never writes."""
        self.spoil: Callable[[bytes], bytes] = bytes
        """What becomes of all that is written."""
        self.wire = H2Connection(
            H2Configuration(
                client_side=False,
                validate_outbound_headers=False,
                normalize_outbound_headers=False,
            )
        )

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Speak until the other side ends it."""
        self._writer = writer
        self.wire.encoder = PlainEncoder()
        initial = dict(self.wire.local_settings) | dict(self._settings)
        self.wire.local_settings = Settings(client=False, initial_values=initial)
        self.wire.initiate_connection()
        self.flush()
        try:
            while data := await reader.read(65_536):
                for event in self.wire.receive_data(data):
                    await self._on(event)
                self.flush()
        finally:
            for each in self._asked.values():
                each.code = -1 if each.code is None else each.code
                each.pieces.put_nowait(None)
                each.ended.set()
            await self._wake()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def flush(self) -> None:
        """Send what there is to be sent."""
        data = self.wire.data_to_send()
        if data and not self.silent:
            self._writer.write(self.spoil(data))

    def raw(self, content: bytes) -> None:
        """Send bytes that no library would."""
        self._writer.write(content)

    def close(self) -> None:
        """End the connection without a word."""
        self._writer.transport.abort()

    async def hang_up(self) -> None:
        """End the connection once everything is sent."""
        await self._writer.drain()
        self._writer.close()

    def head(self, asked: Asked, fields: Fields, *, last: bool = False) -> None:
        """Send status and headers, an interim or the final one."""
        self.wire.send_headers(asked.number, fields, end_stream=last)
        if last:
            self._asked.pop(asked.number, None)
        self.flush()

    async def body(self, asked: Asked, content: bytes, *, last: bool = False) -> None:
        """Send some of the body, as far as the other side lets."""
        while content:
            window = self.wire.local_flow_control_window(asked.number)
            size = min(len(content), window, self.wire.max_outbound_frame_size)
            if size > 0:
                self.wire.send_data(asked.number, content[:size])
                self.flush()
                self._teacher.sent += size
                content = content[size:]
                await self._writer.drain()
                continue
            async with self._room:
                await self._room.wait()
            if asked.code is not None:
                raise ConnectionResetError
        if last:
            self.wire.end_stream(asked.number)
            self._asked.pop(asked.number, None)
            self.flush()

    async def answer(self, asked: Asked, fields: Fields, content: bytes = b"") -> None:
        """Send a whole answer."""
        self.head(asked, fields, last=not content)
        if content:
            await self.body(asked, content, last=True)

    def took(self, asked: Asked, size: int) -> None:
        """Let the other side send so many more bytes."""
        self.wire.acknowledge_received_data(size, asked.number)
        self.flush()

    def reset(self, asked: Asked, code: ErrorCodes) -> None:
        """Give a request up."""
        self.wire.reset_stream(asked.number, code)
        self._asked.pop(asked.number, None)
        self.flush()

    def break_off(self, asked: Asked) -> None:
        """Give a request up whose answer is not whole."""
        if asked.number in self._asked and asked.code is None:
            self.reset(asked, ErrorCodes.INTERNAL_ERROR)

    def goodbye(self, last: int, code: ErrorCodes = ErrorCodes.NO_ERROR) -> None:
        """Say that no request after the last one is looked at; the others go on."""
        payload = last.to_bytes(4) + int(code).to_bytes(4)
        self.raw(b"\0\0\x08\x07\0\0\0\0\0" + payload)

    async def _on(self, event: events.Event) -> None:
        match event:
            case events.RequestReceived():
                self._begin(Asked(event.stream_id, list(map(tuple, event.headers))))
            case events.DataReceived():
                self._take(event)
            case events.StreamEnded():
                self._end(self._asked.get(event.stream_id))
            case events.StreamReset():
                asked = self._asked.pop(event.stream_id, None)
                if asked:
                    asked.code = int(event.error_code)
                self._end(asked)
                await self._wake()
            case events.PingReceived():
                self.pings += 1
            case events.WindowUpdated() | events.RemoteSettingsChanged():
                await self._wake()

    def _begin(self, asked: Asked) -> None:
        self._asked[asked.number] = asked
        self._teacher.asked.append(asked)
        self.most_at_once = max(self.most_at_once, len(self._asked))
        task = asyncio.create_task(self._follow(asked))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _take(self, event: events.DataReceived) -> None:
        asked = self._asked.get(event.stream_id)
        if asked:
            if self._takes:
                self.took(asked, event.flow_controlled_length)
            asked.body += event.data
            asked.pieces.put_nowait(bytes(event.data))

    def _end(self, asked: Asked | None) -> None:
        if asked:
            asked.pieces.put_nowait(None)
            asked.ended.set()

    async def _follow(self, asked: Asked) -> None:
        with contextlib.suppress(ConnectionError, ProtocolError):
            await self._script(self, asked)

    async def _wake(self) -> None:
        async with self._room:
            self._room.notify_all()


Script = Callable[[Http2Line, Asked], Awaitable[None]]
"""What happens to one request."""


def saying(content: bytes = b"hi", fields: Fields = _OK) -> Script:
    """Answer every request alike, once it is whole."""

    async def script(line: Http2Line, asked: Asked) -> None:
        await asked.ended.wait()
        if asked.code is None:
            await line.answer(asked, fields, content)

    return script


def hosting(app: ASGIApp) -> Script:
    """Let an application answer, as a server of HTTP/1.1 would."""

    async def script(line: Http2Line, asked: Asked) -> None:
        async def receive() -> Message:
            piece = await asked.pieces.get()
            if piece is None and asked.code is not None:
                return {"type": "http.disconnect"}
            more = piece is not None
            line.took(asked, len(piece or b""))
            return {"type": "http.request", "body": piece or b"", "more_body": more}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                status = (b":status", b"%d" % message["status"])
                line.head(asked, [status, *message["headers"]])
            else:
                last = not message.get("more_body", False)
                await line.body(asked, message.get("body", b""), last=last)

        try:
            await app(_scope_of(asked), receive, send)
        finally:
            line.break_off(asked)

    return script


def _scope_of(asked: Asked) -> Scope:
    named = dict(asked.fields)
    path, _, query = named[b":path"].partition(b"?")
    return {
        "type": "http",
        "method": named[b":method"].decode(),
        "path": unquote(path.decode()),
        "raw_path": path,
        "query_string": query,
        "headers": [each for each in asked.fields if not each[0].startswith(b":")],
    }


@asynccontextmanager
async def http2_scripted(
    script: Script,
    tls: ssl.SSLContext | None = None,
    settings: Mapping[SettingCodes, int] | None = None,
    *,
    takes: bool = True,
) -> AsyncIterator[Http2Teacher]:
    """Give a listening teacher that follows the script for every request.

    With `takes` off nothing but the script lets the other side send more than the first
    window.
    """
    teacher = Http2Teacher()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = Http2Line(teacher, script, settings or {}, takes=takes)
        teacher.lines.append(line)
        with contextlib.suppress(ConnectionError, ProtocolError):
            await line.serve(reader, writer)
        teacher.ended += 1
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    teacher.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}/v1"
    try:
        yield teacher
    finally:
        server.close()
        for line in teacher.lines:
            line.close()
