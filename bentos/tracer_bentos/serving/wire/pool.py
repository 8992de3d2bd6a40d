"""The open connections to one server, used again while they are fresh."""

import asyncio
import contextlib
import socket
import ssl
from collections import deque
from pathlib import Path
from typing import Final

from tracer_bentos.serving.wire.connection import Connection, WireError
from tracer_bentos.serving.wire.proxy import Origin, Proxy

__all__ = ["Pool"]

CONNECT_SECONDS: Final = 10.0
IDLE_SECONDS: Final = 4.0
"""Shorter than the five seconds after which many servers drop an idle connection."""

# A teacher that has vanished without a word is noticed after about two minutes, while
# one that is only slow may take as long as it likes.
_PROBES: Final = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4),
)
_OK = 200


class Pool:
    """Gives connections and takes them back."""

    def __init__(
        self,
        origin: Origin,
        authorities: Path | None = None,
        proxy: str | None = None,
    ) -> None:
        self.origin = origin
        """The server."""
        self.proxy = Proxy.at(proxy) if proxy else Proxy.before(origin)
        """The proxy before it, if there is one."""
        self._trust = Trust(authorities) if origin.scheme == "https" else None
        self._idle: deque[Connection] = deque()
        self._sweep: asyncio.TimerHandle | None = None
        self.open = 0
        """Connections in use."""

    async def take(self) -> Connection:
        """Give a connection: the one used last, or a new one.

        Raises:
            WireError: The server, or the proxy before it, cannot be reached.
        """
        oldest = asyncio.get_running_loop().time() - IDLE_SECONDS
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed and connection.idle_since > oldest:
                self.open += 1
                return connection
            connection.abort()
        connection = await self._fresh()
        self.open += 1
        return connection

    def give(self, connection: Connection) -> None:
        """Take a connection back; one that cannot be used again is closed."""
        self.open -= 1
        if not connection.reusable:
            connection.abort()
            return
        loop = asyncio.get_running_loop()
        connection.idle_since = loop.time()
        self._idle.append(connection)
        if self._sweep is None:
            self._sweep = loop.call_later(IDLE_SECONDS, self._close_stale)

    def close(self) -> None:
        """Close what is idle; what is in use ends with its request."""
        if self._sweep:
            self._sweep.cancel()
        for connection in self._idle:
            connection.abort()
        self._idle.clear()

    def _close_stale(self) -> None:
        loop = asyncio.get_running_loop()
        oldest = loop.time() - IDLE_SECONDS
        while self._idle and self._idle[0].idle_since <= oldest:
            self._idle.popleft().abort()
        self._sweep = (
            loop.call_later(IDLE_SECONDS, self._close_stale) if self._idle else None
        )

    async def _fresh(self) -> Connection:
        where = self.origin.tunnel
        if self.proxy:
            where += f" through {self.proxy.origin.tunnel}"
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return await self._connect()
        except TimeoutError:
            cause = f"not within {CONNECT_SECONDS:.0f} s"
        except OSError as error:
            cause = error.strerror or str(error)
        raise WireError(f"cannot connect to {where}: {cause}")

    async def _connect(self) -> Connection:
        if self.proxy is None:
            context = self._trust.context if self._trust else None
            return await _open(self.origin, context)
        connection = await _open(self.proxy.origin, None)
        if self._trust is None:
            return connection
        try:
            return await self._tunnel(connection, self.proxy, self._trust.context)
        except BaseException:
            connection.abort()
            raise

    async def _tunnel(
        self, connection: Connection, proxy: Proxy, context: ssl.SSLContext
    ) -> Connection:
        target = self.origin.tunnel.encode()
        lines = [b"CONNECT %s HTTP/1.1" % target, b"host: %s" % target]
        lines += [b"%s: %s" % pair for pair in proxy.headers]
        connection.send(b"\r\n".join([*lines, b"", b""]), None, bodiless=True)
        await connection.head()
        if connection.status != _OK:
            raise WireError(f"the proxy answered CONNECT with {connection.status}")
        inner = Connection()
        inner.transport = await asyncio.get_running_loop().start_tls(
            connection.transport, inner, context, server_hostname=self.origin.host
        )
        return inner


class Trust:
    """The certificates that a teacher is believed by, read again when they change."""

    def __init__(self, authorities: Path | None) -> None:
        self._file = authorities
        self._changed = 0
        self._context: ssl.SSLContext | None = None

    @property
    def context(self) -> ssl.SSLContext:
        """Give the settings for a new connection.

        Raises:
            OSError: The file of certificates cannot be read.
        """
        changed = self._file.stat().st_mtime_ns if self._file else 0
        if self._context is None or changed != self._changed:
            context = ssl.create_default_context()
            context.set_alpn_protocols(["http/1.1"])
            if self._file:
                context.load_verify_locations(self._file)
            self._context, self._changed = context, changed
        return self._context


async def _open(origin: Origin, context: ssl.SSLContext | None) -> Connection:
    loop = asyncio.get_running_loop()
    name = origin.host if context else None
    _, connection = await loop.create_connection(
        Connection, origin.host, origin.port, ssl=context, server_hostname=name
    )
    opened = connection.transport.get_extra_info("socket")
    for level, option, value in _PROBES:
        with contextlib.suppress(OSError):  # a kernel without it has its own patience
            opened.setsockopt(level, option, value)
    return connection
