"""One HTTP exchange with a client, based on the ASGI interface."""

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
from tracer_bentos.protocols.adapter import RequestTarget
from tracer_bentos.protocols.api_conventions import OPENAI_API, ApiConventions
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
"""How long the server reads the rest of a rejected request, in seconds."""


class ClientDisconnected(Exception):  # noqa: N818 - an event, not an error
    """The client closed the connection before the response was complete."""


class BodyTooLarge(Exception):  # noqa: N818 - an event, not an error
    """The request body exceeds the limit for bodies in memory."""


class HttpExchange:
    """A request of a client and the methods to respond to it."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.raw_path: bytes = scope.get("raw_path") or self.path.encode()
        self.query: bytes = scope.get("query_string", b"")
        self.headers: Headers = list(scope["headers"])
        self.original_headers: Headers = self.headers
        """The headers as received; `headers` can have fewer after authentication."""
        self.send = send
        self.conventions: ApiConventions = OPENAI_API
        """How the API of the request reports errors and carries keys."""
        self.latency_start = 0.0
        """Start of the latency of the router, in seconds of the performance counter.

        This is the time at which the body was read, plus all time spent waiting for
        other services since then."""
        self.disconnect_notifier: DisconnectNotifier | None = scope.get(
            "extensions", {}
        ).get(DISCONNECT_EXTENSION)
        """Reports the disconnect of the client; None if the server has no such
        extension."""
        self.close_connection = False
        """Whether the response has `connection: close`."""
        self._receive = receive
        self._body_read = asyncio.Event()

    @property
    def target(self) -> RequestTarget:
        """The method, path, and query of the request."""
        return RequestTarget(self.method, self.raw_path, self.query)

    def header(self, name: str) -> str | None:
        """Return the first header with a name, which must be in lower case."""
        encoded = name.encode()
        for key, value in self.headers:
            if key == encoded:
                return value.decode("latin-1")
        return None

    @property
    def has_body(self) -> bool:
        """Whether the client announced a request body."""
        length = self.header("content-length")
        return length not in {None, "0"} or self.header("transfer-encoding") is not None

    def stream_body(self) -> RequestBody:
        """Return the request body, to be forwarded as it arrives."""
        chunked = self.header("transfer-encoding") is not None
        length = None if chunked else int(self.header("content-length") or 0)
        return RequestBody(self.iter_body(), length)

    async def iter_body(self) -> AsyncIterator[bytes]:
        """Yield the parts of the request body as they arrive.

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
        """Return the complete request body.

        Raises:
            BodyTooLarge: The body is larger than the limit.
            ClientDisconnected: The client closed the connection.
        """
        length = self.header("content-length") or "0"
        if int(length) > limit:
            raise BodyTooLarge
        body = bytearray()
        async for chunk in self.iter_body():
            body += chunk
            if len(body) > limit:
                raise BodyTooLarge
        return bytes(body)

    async def start(self, status: int, headers: Headers) -> None:
        """Send the status and the headers of the response."""
        if self.close_connection:
            headers = [*headers, (b"connection", b"close")]
        await self.send(
            {"type": "http.response.start", "status": status, "headers": headers}
        )

    async def send_chunk(self, content: bytes) -> None:
        """Send a part of the response body that is not the last."""
        await self.send(
            {"type": "http.response.body", "body": content, "more_body": True}
        )

    async def end(self, content: bytes = b"") -> None:
        """Send the last part of the response body."""
        await self.send({"type": "http.response.body", "body": content})

    async def respond(self, status: int, headers: Headers, content: bytes) -> None:
        """Send a complete response."""
        length = (b"content-length", str(len(content)).encode())
        await self.start(status, [*headers, length])
        if self.close_connection and self.has_body and not self._body_read.is_set():
            await self.send_chunk(content)
            await self._drain()
            content = b""
        await self.end(content)

    async def _drain(self) -> None:
        """Read the rest of the request, so that the client can read the response.

        If the server closes a connection while the client still sends, TCP resets the
        connection and the response is lost.
        """
        with contextlib.suppress(ClientDisconnected, TimeoutError):
            async with asyncio.timeout(DRAIN_TIMEOUT_SECONDS):
                async for _ in self.iter_body():
                    pass

    async def send_error(
        self,
        status: int,
        message: str,
        kind: str,
        code: str,
        *,
        headers: Iterable[tuple[bytes, bytes]] = (),
    ) -> None:
        """Send an error of the router in the format of the protocol."""
        all_headers = [(b"content-type", b"application/json"), *headers]
        content = self.conventions.error_body(status, message, kind, code)
        await self.respond(status, all_headers, content)

    async def wait_for_disconnect(self) -> None:
        """Return once the client has closed the connection."""
        if self.has_body:
            await self._body_read.wait()  # ASGI allows one receiver at a time
        while (await self._receive())["type"] != "http.disconnect":
            pass
