"""Opens connections: directly or through a proxy, and finds out what they speak."""

import asyncio
import contextlib
import socket
import ssl
from pathlib import Path
from typing import Any, Final

from tracer_bentos.http_client.connection import HttpConnection, TransportError
from tracer_bentos.http_client.handshake import NegotiatingProtocol
from tracer_bentos.http_client.http1 import Http1Connection, Http1RequestSerializer
from tracer_bentos.http_client.http2 import Http2Connection
from tracer_bentos.http_client.http2_codec import Http2RequestSerializer
from tracer_bentos.http_client.proxy import Origin, Proxy
from tracer_bentos.http_client.tls import TlsContext
from tracer_core.contracts.runtime import HttpVersion

__all__ = ["Connector"]

CONNECT_SECONDS: Final = 10.0

# A teacher that has vanished without a word is noticed after about two minutes, while
# one that is only slow may take as long as it likes.
_PROBES: Final = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4),
)


class Connector:
    """Opens connections to one server."""

    def __init__(
        self,
        origin: Origin,
        authorities: Path | None = None,
        proxy: str | None = None,
        http: HttpVersion = HttpVersion.HTTP1,
    ) -> None:
        self._origin = origin
        self._proxy = Proxy.from_url(proxy) if proxy else Proxy.from_environment(origin)
        self._wants_2 = http is HttpVersion.HTTP2
        secure = origin.scheme == "https"
        speaks = ["h2", "http/1.1"] if self._wants_2 else ["http/1.1"]
        self._trust = TlsContext(authorities, speaks) if secure else None
        passes_on = not secure and not self._wants_2
        self._tunnels = self._proxy is not None and not passes_on
        self._heads_1 = Http1RequestSerializer(
            origin, self._proxy if passes_on else None
        )
        self._heads_2 = Http2RequestSerializer(origin)
        self.shares = self._wants_2
        """Whether the next connection is expected to carry many calls."""

    async def connect(self) -> HttpConnection:
        """Open a connection, ready for its first call.

        Raises:
            TransportError: The server, or the proxy before it, cannot be reached.
        """
        where = self._origin.tunnel
        if self._proxy:
            where += f" through {self._proxy.origin.tunnel}"
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return await self._connect()
        except TimeoutError:
            cause = f"not within {CONNECT_SECONDS:.0f} s"
        except OSError as error:
            cause = error.strerror or str(error)
        except TransportError as error:
            cause = str(error)
        raise TransportError(f"cannot connect to {where}: {cause}")

    async def _connect(self) -> HttpConnection:
        context = self._trust.current if self._trust else None
        if self._proxy is None:
            return await self._negotiate(*await _open(self._origin, context))
        transport, early = await _open(self._proxy.origin, None)
        if not self._tunnels:
            return await self._negotiate(transport, early)
        try:
            await early.tunnel(transport, self._connect_request(self._proxy))
            if context:
                early = NegotiatingProtocol()
                transport = await asyncio.get_running_loop().start_tls(
                    transport, early, context, server_hostname=self._origin.host
                )
        except BaseException:
            transport.abort()
            raise
        return await self._negotiate(transport, early)

    async def _negotiate(
        self, transport: Any, early: NegotiatingProtocol
    ) -> HttpConnection:
        secured = transport.get_extra_info("ssl_object")
        agreed = secured.selected_alpn_protocol() == "h2" if secured else True
        self.shares = self._wants_2 and agreed
        if not self.shares:
            plain = Http1Connection(self._heads_1)
            early.switch(plain, transport)
            return plain
        connection = Http2Connection(self._heads_2)
        early.switch(connection, transport)
        try:
            await connection.settled
        except BaseException:
            connection.abort()
            raise
        return connection

    def _connect_request(self, proxy: Proxy) -> bytes:
        target = self._origin.tunnel.encode()
        lines = [b"CONNECT %s HTTP/1.1" % target, b"host: %s" % target]
        lines += [b"%s: %s" % pair for pair in proxy.headers]
        return b"\r\n".join([*lines, b"", b""])


async def _open(
    origin: Origin, context: ssl.SSLContext | None
) -> tuple[Any, NegotiatingProtocol]:
    loop = asyncio.get_running_loop()
    name = origin.host if context else None
    transport, early = await loop.create_connection(
        NegotiatingProtocol, origin.host, origin.port, ssl=context, server_hostname=name
    )
    opened = transport.get_extra_info("socket")
    for level, option, value in _PROBES:
        with contextlib.suppress(OSError):  # a kernel without it has its own patience
            opened.setsockopt(level, option, value)
    return transport, early
