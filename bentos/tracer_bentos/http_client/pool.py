"""The open connections to one server, used again while they are fresh."""

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
"""New connections that may come to nothing before one call gives up."""
DEFAULT_STREAMS: Final = 100
"""Calls that a connection takes, until one has said how many it does."""


@dataclass(eq=False, slots=True)
class _PendingConnect:
    """A connection on its way that is to carry many calls."""

    opening: "asyncio.Task[None]"
    seats: int


class ConnectionPool:
    """Gives places on connections and takes them back."""

    def __init__(self, dialler: Connector) -> None:
        self._dialler = dialler
        self._ready: dict[
            HttpConnection, None
        ] = {}  # the last one given back comes last
        self._dials: set[_PendingConnect] = set()
        self._usual_room = DEFAULT_STREAMS
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = False
        self.open = 0
        """Connections in use."""

    async def acquire(self) -> HttpCall:
        """Give a place: on the connection used last that has room, or on a new one.

        Raises:
            TransportError: The server, or the proxy before it, cannot be reached.
        """
        for _ in range(MAX_ATTEMPTS):
            call = self._idle_connection()
            if call:
                return call
            if self._dialler.shares:
                await self._on_connected()
            else:
                self._add(await self._dialler.connect())
        raise TransportError("others took every place on every new connection")

    def release(self, call: HttpCall) -> None:
        """Take a place back; a connection that cannot be used again is closed."""
        connection = call.connection
        call.end()
        self.open -= connection.idle
        if connection.available_streams and not self._closed:
            connection.idle_since = asyncio.get_running_loop().time()
            self._add(connection)
        elif connection.idle:
            connection.abort()

    def close(self) -> None:
        """Close what is idle; what is in use ends with its last call."""
        self._closed = True
        if self._sweep:
            self._sweep.cancel()
        for dial in self._dials:
            dial.opening.cancel()
        for connection in self._ready:
            if connection.idle:
                connection.abort()
        self._ready.clear()

    def _idle_connection(self) -> HttpCall | None:
        now = asyncio.get_running_loop().time()
        while self._ready:
            connection = next(reversed(self._ready))
            if connection.available_streams and not _stale(connection, now):
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
            self._sweep = loop.call_later(SWEEP_SECONDS, self._close_stale)

    def _close_stale(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connection in [each for each in self._ready if _stale(each, now)]:
            del self._ready[connection]
            connection.abort()
        self._sweep = (
            loop.call_later(SWEEP_SECONDS, self._close_stale) if self._ready else None
        )

    async def _on_connected(self) -> None:
        """Return once a connection has come that others wait for as well.

        Raises:
            TransportError: It has not.
        """
        dial = (
            next((each for each in self._dials if each.seats), None) or self._connect()
        )
        dial.seats -= 1
        try:
            # Whoever leaves meanwhile leaves the connection to the others.
            await asyncio.shield(dial.opening)
        except TransportError as error:
            raise TransportError(str(error)) from None

    def _connect(self) -> _PendingConnect:
        opening = asyncio.get_running_loop().create_task(self._open())
        dial = _PendingConnect(opening, self._usual_room)
        self._dials.add(dial)

        def opened(task: "asyncio.Task[None]") -> None:
            self._dials.discard(dial)
            if not task.cancelled():
                task.exception()  # those who waited have heard of it

        opening.add_done_callback(opened)
        return dial

    async def _open(self) -> None:
        connection = await self._dialler.connect()
        if not connection.available_streams:
            connection.abort()
            raise TransportError("the teacher takes no call on a new connection")
        self._usual_room = connection.available_streams
        self._add(connection)


def _stale(connection: HttpConnection, now: float) -> bool:
    rested = now - connection.idle_since > connection.idle_timeout
    return connection.closed or (rested and connection.idle)
