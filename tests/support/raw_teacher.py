"""A teacher that speaks bytes: for everything that a proper server would never do."""

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
    """What has come, by connection, and how many of them have ended."""

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
"""What happens on one connection; its end closes it."""


def answering(*answers: bytes, linger: bool = True) -> Script:
    """Give each answer to a request without a body, then wait for the client's end."""

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
    """Give a listening teacher that follows the script on every connection."""
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
