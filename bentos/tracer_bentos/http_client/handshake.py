"""A connection before it is known what it speaks."""

import asyncio
import re
from typing import Any, Final

from typing_extensions import override

from tracer_bentos.http_client.connection import MAX_HEADER_BYTES, TransportError

__all__ = ["NegotiatingProtocol"]

_OK: Final = b"200"
_END: Final = b"\r\n\r\n"
_status_of = re.compile(rb"HTTP/1\.\d (\d{3})").match


class NegotiatingProtocol(asyncio.Protocol):
    """Keeps what arrives until somebody takes the connection over."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._waiter: asyncio.Future[None] | None = None
        self._lost: Exception | None = None
        self._ended = False

    async def tunnel(self, transport: Any, request: bytes) -> None:
        """Ask a proxy to connect this further; what comes after its answer is kept.

        Raises:
            TransportError: It does not.
        """
        transport.write(request)
        while (end := self._kept.find(_END)) < 0:
            if self._ended or len(self._kept) > MAX_HEADER_BYTES:
                raise TransportError("the proxy gave no answer to CONNECT")
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        found = _status_of(self._kept)
        if not found or found[1] != _OK:
            status = found[1].decode() if found else "no HTTP"
            raise TransportError(f"the proxy answered CONNECT with {status}")
        del self._kept[: end + len(_END)]

    def switch(self, connection: asyncio.Protocol, transport: Any) -> None:
        """Hand over to what the connection is now known to be."""
        transport.set_protocol(connection)
        connection.connection_made(transport)
        if self._kept:
            connection.data_received(bytes(self._kept))
        if self._ended:
            connection.connection_lost(self._lost)

    @override
    def data_received(self, data: bytes) -> None:
        self._kept += data
        self._wake()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._lost, self._ended = exc, True
        self._wake()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter and not waiter.done():
            waiter.set_result(None)
