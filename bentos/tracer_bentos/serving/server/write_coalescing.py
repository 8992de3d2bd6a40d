"""Client connection that combines writes and reports the disconnect of the client.

uvicorn writes the head and each part of the body separately, and each write costs a
system call and a wake-up of the client. This connection combines all writes of one
iteration of the event loop and sends them at the end of the iteration. A stream is
delayed by microseconds; every other response becomes cheaper.
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
"""Size above which a batch is sent before the end of the iteration."""


class CoalescingProtocol(HttpToolsProtocol):
    """A client connection with combined writes.

    Like its base class, it closes when the client shuts down its writing side.
    docs/reference/protocols.md documents that such a client counts as disconnected.
    """

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn narrows it
        coalescing: Any = _CoalescingTransport(transport, self.loop)
        self._disconnect_notifier = DisconnectNotifier()
        super().connection_made(coalescing)

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        extensions: Any = {DISCONNECT_EXTENSION: self._disconnect_notifier}
        self.scope["extensions"] = extensions

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._disconnect_notifier.notify()


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
