"""The way to the teacher through a proxy, as the usual variables name it."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from tracer_bentos.proxies import proxy_authorization, proxy_for

__all__ = ["Origin", "Proxy"]

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port of a server."""

    scheme: str
    """`http` or `https`."""
    host: str
    """Name or address, IPv6 without brackets."""
    port: int
    """Port, also when the URL names none."""

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Give the origin of a URL."""
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
        return cls(parts.scheme, parts.hostname or "", port)

    @property
    def authority(self) -> str:
        """Host and port as a Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def tunnel(self) -> str:
        """Host and port as CONNECT has them, the port always named."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that passes HTTP on and tunnels HTTPS."""

    origin: Origin
    """Where it listens."""
    headers: tuple[tuple[bytes, bytes], ...]
    """What it wants to see: credentials, when its URL has any."""

    @classmethod
    def from_environment(cls, origin: Origin) -> Self | None:
        """Give the proxy before a server; none when the environment names none.

        HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY mean what they mean to curl.
        """
        url = proxy_for(origin.scheme, origin.host)
        return None if url is None else cls.from_url(url)

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Give the proxy at a URL, which may name a user with a password."""
        parts = urlsplit(url)
        basic = proxy_authorization(url)
        headers = ((b"proxy-authorization", basic.encode()),) if basic else ()
        return cls(Origin("http", parts.hostname or "", parts.port or 80), headers)
