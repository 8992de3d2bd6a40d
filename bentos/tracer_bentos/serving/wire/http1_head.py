"""How the head of a request reads in HTTP/1.1, also to a proxy that passes it on."""

from typing import Final

from tracer_bentos.serving.wire.connection import Request, Upload
from tracer_bentos.serving.wire.proxy import Origin, Proxy

__all__ = ["Heads"]

_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})


class Heads:
    """Heads of requests to one server."""

    def __init__(self, origin: Origin, proxy: Proxy | None) -> None:
        authority = origin.authority.encode()
        passes_on = proxy is not None and origin.scheme == "http"
        lines = [b" HTTP/1.1", b"host: " + authority]
        if proxy and passes_on:
            lines += [b"%s: %s" % pair for pair in proxy.headers]
        self._before_path = b"http://" + authority if passes_on else b""
        self._lead = b"\r\n".join([*lines, b""])

    def of(self, request: Request) -> bytes:
        """Give request line and headers, with the empty line after them."""
        method, body = request.method, request.body
        parts = [
            b"%s %s%s" % (method.encode(), self._before_path, request.target),
            self._lead,
        ]
        parts += [b"%s: %s\r\n" % pair for pair in request.headers]
        length = body.length if isinstance(body, Upload) else len(body or b"")
        if length is None:
            parts.append(b"transfer-encoding: chunked\r\n")
        elif body or method in _WITH_BODY:
            parts.append(b"content-length: %d\r\n" % length)
        return b"".join([*parts, b"\r\n"])
