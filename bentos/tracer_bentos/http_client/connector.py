"""Open connections, directly or through a proxy, and negotiate their HTTP version."""

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

# An unreachable teacher is detected after about two minutes (60 s + 4 probes x 15 s). A
# slow teacher has no time limit.
_KEEPALIVE_OPTIONS: Final = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4),
)


class Connector:
    """Opens connections to one server.

    Args:
        origin: The server.
        authorities: PEM file of certificate authorities in addition to those of the
            system.
        proxy: URL of the proxy; none to read the standard environment variables.
        http: HTTP version of the connections.
    """

    def __init__(
        self,
        origin: Origin,
        authorities: Path | None = None,
        proxy: str | None = None,
        http: HttpVersion = HttpVersion.HTTP1,
    ) -> None:
        self._origin = origin
        self._proxy = Proxy.from_url(proxy) if proxy else Proxy.from_environment(origin)
        self._prefers_http2 = http is HttpVersion.HTTP2
        is_https = origin.scheme == "https"
        protocols = ["h2", "http/1.1"] if self._prefers_http2 else ["http/1.1"]
        self._tls = TlsContext(authorities, protocols) if is_https else None
        forwards = not is_https and not self._prefers_http2
        self._tunnels = self._proxy is not None and not forwards
        self._http1_serializer = Http1RequestSerializer(
            origin, self._proxy if forwards else None
        )
        self._http2_serializer = Http2RequestSerializer(origin)
        self.is_multiplexed = self._prefers_http2
        """Whether the next connection is expected to carry several calls at a time."""

    async def connect(self) -> HttpConnection:
        """Return a new connection that is ready for its first call.

        Raises:
            TransportError: The server or the proxy cannot be reached.
        """
        address = self._origin.host_and_port
        if self._proxy:
            address += f" through {self._proxy.origin.host_and_port}"
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return await self._connect()
        except TimeoutError:
            cause = f"timed out after {CONNECT_SECONDS:g} s"
        except OSError as error:
            cause = error.strerror or str(error)
        except TransportError as error:
            cause = str(error)
        raise TransportError(f"cannot connect to {address}: {cause}")

    async def _connect(self) -> HttpConnection:
        context = self._tls.current if self._tls else None
        if self._proxy is None:
            return await self._negotiate(*await _open(self._origin, context))
        transport, negotiating = await _open(self._proxy.origin, None)
        if not self._tunnels:
            return await self._negotiate(transport, negotiating)
        try:
            await negotiating.tunnel(transport, self._connect_request(self._proxy))
            if context:
                negotiating = NegotiatingProtocol()
                transport = await asyncio.get_running_loop().start_tls(
                    transport, negotiating, context, server_hostname=self._origin.host
                )
        except BaseException:
            transport.abort()
            raise
        return await self._negotiate(transport, negotiating)

    async def _negotiate(
        self, transport: Any, negotiating: NegotiatingProtocol
    ) -> HttpConnection:
        tls = transport.get_extra_info("ssl_object")
        accepts_http2 = tls.selected_alpn_protocol() == "h2" if tls else True
        self.is_multiplexed = self._prefers_http2 and accepts_http2
        if not self.is_multiplexed:
            http1 = Http1Connection(self._http1_serializer)
            negotiating.switch(http1, transport)
            return http1
        connection = Http2Connection(self._http2_serializer)
        negotiating.switch(connection, transport)
        try:
            await connection.settings_received
        except BaseException:
            connection.abort()
            raise
        return connection

    def _connect_request(self, proxy: Proxy) -> bytes:
        target = self._origin.host_and_port.encode()
        lines = [b"CONNECT %s HTTP/1.1" % target, b"host: %s" % target]
        lines += [b"%s: %s" % pair for pair in proxy.headers]
        return b"\r\n".join([*lines, b"", b""])


async def _open(
    origin: Origin, context: ssl.SSLContext | None
) -> tuple[Any, NegotiatingProtocol]:
    loop = asyncio.get_running_loop()
    name = origin.host if context else None
    transport, negotiating = await loop.create_connection(
        NegotiatingProtocol, origin.host, origin.port, ssl=context, server_hostname=name
    )
    sock = transport.get_extra_info("socket")
    for level, option, value in _KEEPALIVE_OPTIONS:
        with contextlib.suppress(OSError):  # not all kernels have all options
            sock.setsockopt(level, option, value)
    return transport, negotiating
