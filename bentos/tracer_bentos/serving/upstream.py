"""The teacher: streaming both ways over pooled connections, its answers untouched."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote, urlsplit

from tracer_bentos.serving.headers import Credential
from tracer_bentos.serving.teacher_key import KeyRefused, TeacherKey
from tracer_bentos.serving.wire.connection import Connection, Headers, Upload, WireError
from tracer_bentos.serving.wire.pool import Pool
from tracer_bentos.serving.wire.proxy import Origin
from tracer_router.contracts.evidence import TeacherState

__all__ = ["Arriving", "TeacherUnreachable", "Upstream"]

_log = logging.getLogger(__name__)

STALE_TRIES: Final = 3
"""Pooled connections that may turn out to be closed before one request gives up."""
_LONGEST_CAUSE: Final = 300
_PRINTABLE: Final = "".join(map(chr, range(0x21, 0x7F)))
_SAFE_TO_REPEAT: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})


class TeacherUnreachable(Exception):  # noqa: N818 - named as status names it
    """The teacher gave no answer at all; the message says why, without any content."""


class Arriving:
    """A response whose head is there and whose body is on its way."""

    def __init__(self, connection: Connection, pool: Pool) -> None:
        self._connection = connection
        self._pool = pool
        self.status = connection.status
        """Status."""
        self.headers: Headers = connection.headers
        """Headers as they came, names in lower case."""

    def pieces(self) -> AsyncIterator[bytes]:
        """Give the body as it arrives.

        Raises:
            WireError: It ended before its end.
        """
        return self._connection.pieces()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A connection whose answer is not whole is closed: the teacher stops working.
        self._pool.give(self._connection)


class Upstream:
    """Everything that is sent to the teacher goes through here."""

    def __init__(
        self,
        base: str,
        key: TeacherKey | None = None,
        *,
        key_header: str = "authorization",
        authorities: Path | None = None,
        proxy: str | None = None,
    ) -> None:
        self._base = base
        self._pool = Pool(Origin.of(base), authorities, proxy)
        self._path = quote(urlsplit(base).path, safe=_PRINTABLE)
        self._root = self._path.removesuffix("/v1")
        self._lead = self._leading_headers()
        self._key = key
        self._key_header = key_header
        self.state = TeacherState()
        """What the last request met."""

    @property
    def connections(self) -> int:
        """Connections in use."""
        return self._pool.open

    def close(self) -> None:
        """Close the connections that are idle."""
        self._pool.close()

    def target(self, path: bytes, query: bytes = b"") -> bytes:
        """Give the teacher's path of a client's: its `/v1` is the base URL."""
        text = quote(path, safe=_PRINTABLE)
        if text == "/v1" or text.startswith("/v1/"):
            text = self._path + text.removeprefix("/v1")
        else:
            text = self._root + "/" + text.removeprefix("/")
        if query:
            text += "?" + quote(query, safe=_PRINTABLE)
        return (text or "/").encode()

    @property
    def key(self) -> Credential | None:
        """The key to send instead of the client's; none to let theirs through.

        Raises:
            TeacherUnreachable: There should be a key, and it cannot be had or must not
                be sent to this teacher.
        """
        try:
            key = self._key.current() if self._key else None
        except KeyRefused as error:
            raise self.failed(error) from None
        if key is None:
            return None
        bearer = self._key_header == "authorization"
        return Credential(self._key_header, f"Bearer {key}" if bearer else key)

    async def ask(
        self,
        method: str,
        target: bytes,
        headers: Headers,
        body: bytes | Upload | None,
        *,
        repeatable: bool = False,
    ) -> Arriving:
        """Send a request and give the response as soon as its headers are there.

        Args:
            method: As the client sent it.
            target: From `target`.
            headers: From `to_teacher`.
            body: The request body, whole or as it arrives.
            repeatable: Whether to try again when a pooled connection turns out to have
                been closed by the teacher before it answered anything, although the
                method itself does not say that it may.

        Raises:
            TeacherUnreachable: No response came.
        """
        head = self._head(method, target, headers, body)
        whole = not isinstance(body, Upload)
        again = whole and (repeatable or method in _SAFE_TO_REPEAT)
        for left in reversed(range(STALE_TRIES)):
            try:
                connection = await self._pool.take()
            except WireError as error:
                raise self.failed(error) from None
            try:
                connection.send(head, body, bodiless=method == "HEAD")
                await connection.head()
            except WireError as error:
                self._pool.give(connection)
                stale = connection.used > 1 and not connection.begun
                if left and again and stale:
                    continue
                raise self.failed(error) from None
            except BaseException:
                self._pool.give(connection)  # closes it: nobody waits for the answer
                raise
            break
        self.state = _REACHABLE
        return Arriving(connection, self._pool)

    def failed(self, error: WireError | KeyRefused) -> TeacherUnreachable:
        """Note that the teacher did not answer, and give the error to raise."""
        cause = str(error)[:_LONGEST_CAUSE]
        if cause != self.state.cause:
            _log.warning("teacher %s: %s", self._base, cause)
        self.state = TeacherState(reachable=False, cause=cause)
        return TeacherUnreachable(cause)

    def _head(
        self,
        method: str,
        target: bytes,
        headers: Headers,
        body: bytes | Upload | None,
    ) -> bytes:
        parts = [b"%s %s%s" % (method.encode(), self._before_path, target), self._lead]
        parts += [b"%s: %s\r\n" % pair for pair in headers]
        length = body.length if isinstance(body, Upload) else len(body or b"")
        if length is None:
            parts.append(b"transfer-encoding: chunked\r\n")
        elif body or method in _WITH_BODY:
            parts.append(b"content-length: %d\r\n" % length)
        return b"".join([*parts, b"\r\n"])

    def _leading_headers(self) -> bytes:
        origin, proxy = self._pool.origin, self._pool.proxy
        lines = [b" HTTP/1.1", b"host: " + origin.authority.encode()]
        passes_on = proxy is not None and origin.scheme == "http"
        self._before_path = b"http://" + lines[1][6:] if passes_on else b""
        if proxy and passes_on:
            lines += [b"%s: %s" % pair for pair in proxy.headers]
        return b"\r\n".join([*lines, b""])


_REACHABLE: Final = TeacherState(reachable=True)
