"""The open connections to one server, used again while they are fresh."""

import asyncio
from dataclasses import dataclass
from typing import Final

from tracer_bentos.http_client.connection import Call, Connection, WireError
from tracer_bentos.http_client.connector import Dialler

__all__ = ["Pool"]

SWEEP_SECONDS: Final = 4.0
TRIES: Final = 20
"""New connections that may come to nothing before one call gives up."""
USUAL_ROOM: Final = 100
"""Calls that a connection takes, until one has said how many it does."""


@dataclass(eq=False, slots=True)
class _Dial:
    """A connection on its way that is to carry many calls."""

    opening: "asyncio.Task[None]"
    seats: int


class Pool:
    """Gives places on connections and takes them back."""

    def __init__(self, dialler: Dialler) -> None:
        self._dialler = dialler
        self._ready: dict[Connection, None] = {}  # the last one given back comes last
        self._dials: set[_Dial] = set()
        self._usual_room = USUAL_ROOM
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = False
        self.open = 0
        """Connections in use."""

    async def take(self) -> Call:
        """Give a place: on the connection used last that has room, or on a new one.

        Raises:
            WireError: The server, or the proxy before it, cannot be reached.
        """
        for _ in range(TRIES):
            call = self._at_hand()
            if call:
                return call
            if self._dialler.shares:
                await self._dialled()
            else:
                self._add(await self._dialler.connect())
        raise WireError("others took every place on every new connection")

    def give(self, call: Call) -> None:
        """Take a place back; a connection that cannot be used again is closed."""
        connection = call.connection
        call.end()
        self.open -= connection.idle
        if connection.room and not self._closed:
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

    def _at_hand(self) -> Call | None:
        now = asyncio.get_running_loop().time()
        while self._ready:
            connection = next(reversed(self._ready))
            if connection.room and not _stale(connection, now):
                self.open += connection.idle
                call = connection.call()
                if not connection.room:
                    del self._ready[connection]
                return call
            del self._ready[connection]
            if connection.idle:
                connection.abort()
        return None

    def _add(self, connection: Connection) -> None:
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

    async def _dialled(self) -> None:
        """Return once a connection has come that others wait for as well.

        Raises:
            WireError: It has not.
        """
        dial = next((each for each in self._dials if each.seats), None) or self._dial()
        dial.seats -= 1
        try:
            # Whoever leaves meanwhile leaves the connection to the others.
            await asyncio.shield(dial.opening)
        except WireError as error:
            raise WireError(str(error)) from None

    def _dial(self) -> _Dial:
        opening = asyncio.get_running_loop().create_task(self._open())
        dial = _Dial(opening, self._usual_room)
        self._dials.add(dial)

        def opened(task: "asyncio.Task[None]") -> None:
            self._dials.discard(dial)
            if not task.cancelled():
                task.exception()  # those who waited have heard of it

        opening.add_done_callback(opened)
        return dial

    async def _open(self) -> None:
        connection = await self._dialler.connect()
        if not connection.room:
            connection.abort()
            raise WireError("the teacher takes no call on a new connection")
        self._usual_room = connection.room
        self._add(connection)


def _stale(connection: Connection, now: float) -> bool:
    rested = now - connection.idle_since > connection.patience
    return connection.closed or (rested and connection.idle)
