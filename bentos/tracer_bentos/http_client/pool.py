"""The open connections to one server, reused until their idle timeout."""

import asyncio
from dataclasses import dataclass
from typing import Final

from tracer_bentos.http_client.connection import (
    HttpCall,
    HttpConnection,
    TransportError,
)
from tracer_bentos.http_client.connector import Connector

__all__ = ["ConnectionPool"]

SWEEP_SECONDS: Final = 4.0
MAX_ATTEMPTS: Final = 20
"""Maximum number of new connections that other calls use up before a call fails."""
DEFAULT_STREAMS: Final = 100
"""Expected number of streams of a connection before the server announces its limit."""


@dataclass(eq=False, slots=True)
class _PendingConnect:
    """A connection that is being opened for several calls."""

    task: "asyncio.Task[None]"
    free_streams: int


class ConnectionPool:
    """Assigns calls to connections."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        # Ordered by use: the connection that was released last is the last.
        self._ready: dict[HttpConnection, None] = {}
        self._pending: set[_PendingConnect] = set()
        self._expected_streams = DEFAULT_STREAMS
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = False
        self.open = 0
        """Number of connections in use."""

    async def acquire(self) -> HttpCall:
        """Return a call on the most recently used connection, or on a new one.

        Raises:
            TransportError: The server or the proxy cannot be reached.
        """
        for _ in range(MAX_ATTEMPTS):
            call = self._call_on_ready()
            if call:
                return call
            if self._connector.is_multiplexed:
                await self._wait_for_connection()
            else:
                self._add(await self._connector.connect())
        raise TransportError(
            f"other calls used all streams of {MAX_ATTEMPTS} new connections"
        )

    def release(self, call: HttpCall) -> None:
        """End a call, and close its connection if it cannot be reused."""
        connection = call.connection
        call.end()
        self.open -= connection.idle
        if connection.available_streams and not self._closed:
            connection.idle_since = asyncio.get_running_loop().time()
            self._add(connection)
        elif connection.idle:
            connection.abort()

    def close(self) -> None:
        """Close idle connections now, and other connections after their last call."""
        self._closed = True
        if self._sweep:
            self._sweep.cancel()
        for pending in self._pending:
            pending.task.cancel()
        for connection in self._ready:
            if connection.idle:
                connection.abort()
        self._ready.clear()

    def _call_on_ready(self) -> HttpCall | None:
        now = asyncio.get_running_loop().time()
        while self._ready:
            connection = next(reversed(self._ready))
            if connection.available_streams and not _is_expired(connection, now):
                self.open += connection.idle
                call = connection.call()
                if not connection.available_streams:
                    del self._ready[connection]
                return call
            del self._ready[connection]
            if connection.idle:
                connection.abort()
        return None

    def _add(self, connection: HttpConnection) -> None:
        self._ready.setdefault(connection)
        if self._sweep is None:
            loop = asyncio.get_running_loop()
            self._sweep = loop.call_later(SWEEP_SECONDS, self._close_expired)

    def _close_expired(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connection in [
            connection for connection in self._ready if _is_expired(connection, now)
        ]:
            del self._ready[connection]
            connection.abort()
        self._sweep = (
            loop.call_later(SWEEP_SECONDS, self._close_expired) if self._ready else None
        )

    async def _wait_for_connection(self) -> None:
        """Wait for a new connection that several calls share.

        Raises:
            TransportError: The connection cannot be opened.
        """
        with_streams = (pending for pending in self._pending if pending.free_streams)
        pending = next(with_streams, None) or self._connect()
        pending.free_streams -= 1
        try:
            # A canceled call must not cancel the connection of the other calls.
            await asyncio.shield(pending.task)
        except TransportError as error:
            raise TransportError(str(error)) from None

    def _connect(self) -> _PendingConnect:
        task = asyncio.get_running_loop().create_task(self._open())
        pending = _PendingConnect(task, self._expected_streams)
        self._pending.add(pending)

        def on_done(task: "asyncio.Task[None]") -> None:
            self._pending.discard(pending)
            if not task.cancelled():
                task.exception()  # the waiting calls raise it

        task.add_done_callback(on_done)
        return pending

    async def _open(self) -> None:
        connection = await self._connector.connect()
        if not connection.available_streams:
            connection.abort()
            raise TransportError("the teacher allows no stream on a new connection")
        self._expected_streams = connection.available_streams
        self._add(connection)


def _is_expired(connection: HttpConnection, now: float) -> bool:
    timed_out = now - connection.idle_since > connection.idle_timeout
    return connection.closed or (timed_out and connection.idle)
