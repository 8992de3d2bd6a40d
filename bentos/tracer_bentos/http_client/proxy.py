"""Origins of servers, and the proxy to a server."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from tracer_bentos.proxies import proxy_authorization, proxy_for

__all__ = ["Origin", "Proxy"]

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host, and port of a server."""

    scheme: str
    """`http` or `https`."""
    host: str
    """Name or address; IPv6 without brackets."""
    port: int
    """Port; the default port of the scheme if the URL contains none."""

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Return the origin of a URL."""
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
        return cls(parts.scheme, parts.hostname or "", port)

    @property
    def authority(self) -> str:
        """Host and port, as in a Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def host_and_port(self) -> str:
        """Host and port, as in CONNECT: always with the port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that forwards HTTP and tunnels HTTPS."""

    origin: Origin
    """Address of the proxy."""
    headers: tuple[tuple[bytes, bytes], ...]
    """Headers for the proxy: credentials, if its URL contains any."""

    @classmethod
    def from_environment(cls, origin: Origin) -> Self | None:
        """Return the proxy of a server; none if the environment defines none.

        HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, and NO_PROXY have the same meaning as for
        curl.
        """
        url = proxy_for(origin.scheme, origin.host)
        return None if url is None else cls.from_url(url)

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Return the proxy at a URL, which can contain a user and a password."""
        parts = urlsplit(url)
        basic = proxy_authorization(url)
        headers = ((b"proxy-authorization", basic.encode()),) if basic else ()
        return cls(Origin("http", parts.hostname or "", parts.port or 80), headers)
