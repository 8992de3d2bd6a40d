"""One HTTP exchange with a client, over the plain ASGI interface."""

import asyncio
import contextlib
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    MutableMapping,
)
from typing import Any, Final

from tracer_bentos.http_client.connection import Headers, RequestBody
from tracer_bentos.protocols.errors import ErrorBody, openai_error_body
from tracer_bentos.serving.http_server.disconnect import (
    DISCONNECT_EXTENSION,
    DisconnectNotifier,
)
from tracer_bentos.serving.http_server.limits import DEFAULT_REQUEST_BYTES

__all__ = [
    "ASGIApp",
    "BodyTooLarge",
    "ClientDisconnected",
    "Headers",
    "HttpExchange",
    "Message",
    "Receive",
    "Scope",
    "Send",
]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]


DRAIN_TIMEOUT_SECONDS: Final = 5.0
"""How long a client whose request is refused may go on sending it."""


class ClientDisconnected(Exception):  # noqa: N818 - an event, not an error
    """The client closed the connection before its answer was complete."""


class BodyTooLarge(Exception):  # noqa: N818 - an event, not an error
    """The request body is larger than this process reads into memory."""


class HttpExchange:
    """What a client asked, and the way to answer it."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.raw_path: bytes = scope.get("raw_path") or self.path.encode()
        self.query: bytes = scope.get("query_string", b"")
        self.headers: Headers = list(scope["headers"])
        self.as_sent: Headers = self.headers
        """The headers before anything was taken out of them."""
        self.send = send
        self.error_body: ErrorBody = openai_error_body
        """How an error of ours is written, in the protocol of the request."""
        self.began = 0.0
        """When its question had been read, by the performance counter; later by what it
        then waited for others."""
        self.departure: DisconnectNotifier | None = scope.get("extensions", {}).get(
            DISCONNECT_EXTENSION
        )
        """Where the server tells of the client's going; none where it cannot."""
        self.closing = False
        """Whether the response shall ask the client to open a new connection."""
        self._receive = receive
        self._body_read = asyncio.Event()

    def header(self, name: str) -> str | None:
        """Give the first header of a name, which is in lower case."""
        wanted = name.encode()
        for key, value in self.headers:
            if key == wanted:
                return value.decode("latin-1")
        return None

    @property
    def has_body(self) -> bool:
        """Whether the client announced a request body."""
        length = self.header("content-length")
        return length not in {None, "0"} or self.header("transfer-encoding") is not None

    def upload(self) -> RequestBody:
        """Give the request body to be passed on as it arrives."""
        chunked = self.header("transfer-encoding") is not None
        length = None if chunked else int(self.header("content-length") or 0)
        return RequestBody(self.iter_body(), length)

    async def iter_body(self) -> AsyncIterator[bytes]:
        """Give the request body as it arrives.

        Raises:
            ClientDisconnected: The client closed the connection.
        """
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnected
            more = message.get("more_body", False)
            if not more:
                self._body_read.set()
            if message.get("body"):
                yield message["body"]

    async def read_body(self, limit: int = DEFAULT_REQUEST_BYTES) -> bytes:
        """Give the whole request body.

        Raises:
            BodyTooLarge: It is larger than the limit.
            ClientDisconnected: The client closed the connection.
        """
        length = self.header("content-length") or "0"
        if int(length) > limit:
            raise BodyTooLarge
        body = bytearray()
        async for piece in self.iter_body():
            body += piece
            if len(body) > limit:
                raise BodyTooLarge
        return bytes(body)

    async def start(self, status: int, headers: Headers) -> None:
        """Send the status and the headers of the response."""
        if self.closing:
            headers = [*headers, (b"connection", b"close")]
        await self.send(
            {"type": "http.response.start", "status": status, "headers": headers}
        )

    async def send_chunk(self, content: bytes) -> None:
        """Send a part of the response body."""
        await self.send(
            {"type": "http.response.body", "body": content, "more_body": True}
        )

    async def end(self, content: bytes = b"") -> None:
        """Send the last part of the response body."""
        await self.send({"type": "http.response.body", "body": content})

    async def respond(self, status: int, headers: Headers, content: bytes) -> None:
        """Send a whole response."""
        length = (b"content-length", str(len(content)).encode())
        await self.start(status, [*headers, length])
        if self.closing and self.has_body and not self._body_read.is_set():
            await self.send_chunk(content)
            await self._drain()
            content = b""
        await self.end(content)

    async def _drain(self) -> None:
        """Let the client end its request, so that it hears the answer.

        To close on somebody who is still sending is to reset the connection, and the
        answer is lost with it.
        """
        with contextlib.suppress(ClientDisconnected, TimeoutError):
            async with asyncio.timeout(DRAIN_TIMEOUT_SECONDS):
                async for _ in self.iter_body():
                    pass

    async def reject(
        self,
        status: int,
        message: str,
        kind: str,
        code: str,
        *,
        headers: Iterable[tuple[bytes, bytes]] = (),
    ) -> None:
        """Send an error of ours, in the shape of the protocol's own."""
        whole = [(b"content-type", b"application/json"), *headers]
        await self.respond(status, whole, self.error_body(status, message, kind, code))

    async def disconnected(self) -> None:
        """Return once the client has closed the connection."""
        if self.has_body:
            await self._body_read.wait()  # only one may receive at a time
        while (await self._receive())["type"] != "http.disconnect":
            pass
