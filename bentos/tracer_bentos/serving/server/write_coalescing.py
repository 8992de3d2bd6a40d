"""A client's connection: writes leave together, and its end is told.

The head and the body of a response leave in one write.

uvicorn writes each part at once, which costs a system call and wakes the client each
time. Here what is written within one turn of the event loop goes out together, at the
end of that turn: a stream loses microseconds, every other answer is cheaper.
"""

import asyncio
from typing import Any, Final

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tracer_bentos.serving.http_server.disconnect import (
    DISCONNECT_EXTENSION,
    DisconnectNotifier,
)

__all__ = ["CoalescingProtocol"]

MAX_BATCH_BYTES: Final = 64 * 1024
"""Bytes that do not wait for the end of the turn."""


class CoalescingProtocol(HttpToolsProtocol):
    """A client's connection whose writes are joined.

    Like its base it closes when the client shuts its writing side: such a client has
    left, as docs/reference/protocols.md says.
    """

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn narrows it
        joined: Any = _CoalescingTransport(transport, self.loop)
        self._departure = DisconnectNotifier()
        super().connection_made(joined)

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        extensions: Any = {DISCONNECT_EXTENSION: self._departure}
        self.scope["extensions"] = extensions

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._departure.notify()


class _CoalescingTransport:
    def __init__(
        self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)
        self._size += len(data)
        if self._size > MAX_BATCH_BYTES:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def _flush(self) -> None:
        parts, self._parts, self._size = self._parts, [], 0
        if parts and not self._transport.is_closing():
            self._transport.write(b"".join(parts))
