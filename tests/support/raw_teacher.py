"""A teacher on loopback that sends arbitrary bytes."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

__all__ = ["OK", "RawTeacher", "Script", "answering", "scripted"]

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"


@dataclass
class RawTeacher:
    """The received requests, and the accepted and ended connections."""

    url: str = ""
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    ended: int = 0
    sent: int = 0

    async def read_head(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readuntil(b"\r\n\r\n")
        self.requests.append(head)
        return head


Script = Callable[
    [RawTeacher, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]
]
"""Handles one connection; the connection is closed when the script returns."""


def answering(*answers: bytes, linger: bool = True) -> Script:
    """Return a script with one response to each request, which then waits.

    With `linger`, it waits until the client ends the connection.
    """

    async def script(
        teacher: RawTeacher, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        for answer in answers:
            await teacher.read_head(reader)
            writer.write(answer)
        if linger:
            await reader.read()

    return script


@asynccontextmanager
async def scripted(
    script: Script, tls: ssl.SSLContext | None = None
) -> AsyncIterator[RawTeacher]:
    """Start a teacher that runs the script on every connection."""
    teacher = RawTeacher()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        teacher.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await script(teacher, reader, writer)
        teacher.ended += 1
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    teacher.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}/v1"
    try:
        yield teacher
    finally:
        server.close()
