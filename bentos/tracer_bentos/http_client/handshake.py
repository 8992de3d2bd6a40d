"""A connection before its HTTP version is negotiated."""

import asyncio
import re
from typing import Any, Final

from typing_extensions import override

from tracer_bentos.http_client.connection import MAX_HEADER_BYTES, TransportError

__all__ = ["NegotiatingProtocol"]

_OK: Final = b"200"
_END: Final = b"\r\n\r\n"
_match_status = re.compile(rb"HTTP/1\.\d (\d{3})").match


class NegotiatingProtocol(asyncio.Protocol):
    """Buffers received data until `switch` sets the protocol of the connection."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._waiter: asyncio.Future[None] | None = None
        self._error: Exception | None = None
        self._ended = False

    async def tunnel(self, transport: Any, request: bytes) -> None:
        """Open a tunnel through a proxy; data after its response is kept.

        Raises:
            TransportError: The proxy did not open the tunnel.
        """
        transport.write(request)
        while (end := self._buffer.find(_END)) < 0:
            if self._ended or len(self._buffer) > MAX_HEADER_BYTES:
                raise TransportError("the proxy did not respond to CONNECT")
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        found = _match_status(self._buffer)
        if not found or found[1] != _OK:
            status = found[1].decode() if found else "invalid HTTP"
            raise TransportError(f"the proxy responded to CONNECT with {status}")
        del self._buffer[: end + len(_END)]

    def switch(self, connection: asyncio.Protocol, transport: Any) -> None:
        """Set the negotiated protocol, and pass it the buffered data."""
        transport.set_protocol(connection)
        connection.connection_made(transport)
        if self._buffer:
            connection.data_received(bytes(self._buffer))
        if self._ended:
            connection.connection_lost(self._error)

    @override
    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._wake()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._error, self._ended = exc, True
        self._wake()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter and not waiter.done():
            waiter.set_result(None)
