"""The teacher: streaming both ways over pooled connections, its answers untouched."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote, urlsplit

from tracer_bentos.http_client.connection import (
    Headers,
    HttpCall,
    HttpRequest,
    RequestBody,
    TransportError,
)
from tracer_bentos.http_client.connector import Connector
from tracer_bentos.http_client.pool import ConnectionPool
from tracer_bentos.http_client.proxy import Origin
from tracer_bentos.serving.auth.teacher_key import TeacherKey, TeacherKeyRejected
from tracer_bentos.serving.http_server.headers import Credential
from tracer_core.contracts.evidence import TeacherState
from tracer_core.contracts.runtime import HttpVersion

__all__ = ["TeacherClient", "TeacherUnreachable", "UpstreamResponse"]

_log = logging.getLogger(__name__)

MAX_ATTEMPTS: Final = 3
"""How often one request is sent, where it is sure that none before had any effect."""
_LONGEST_CAUSE: Final = 300
_PRINTABLE: Final = "".join(map(chr, range(0x21, 0x7F)))
_IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})


class TeacherUnreachable(Exception):  # noqa: N818 - named as status names it
    """The teacher gave no answer at all; the message says why, without any content."""


class UpstreamResponse:
    """A response whose head is there and whose body is on its way."""

    def __init__(self, call: HttpCall, pool: ConnectionPool) -> None:
        self._call = call
        self._pool = pool
        self.status = call.status
        """Status."""
        self.headers: Headers = call.headers
        """Headers as they came, names in lower case."""

    def iter_body(self) -> AsyncIterator[bytes]:
        """Give the body as it arrives.

        Raises:
            TransportError: It ended before its end.
        """
        return self._call.iter_body()

    @property
    def ended(self) -> bool:
        """Whether all of the body has come and been given."""
        return self._call.ended

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # An answer that is not whole is given up: the teacher stops working.
        self._pool.release(self._call)


class TeacherClient:
    """Everything that is sent to the teacher goes through here."""

    def __init__(
        self,
        base: str,
        key: TeacherKey | None = None,
        *,
        key_header: str = "authorization",
        authorities: Path | None = None,
        proxy: str | None = None,
        http: HttpVersion = HttpVersion.HTTP1,
    ) -> None:
        self._base = base
        self._pool = ConnectionPool(
            Connector(Origin.from_url(base), authorities, proxy, http)
        )
        self._path = quote(urlsplit(base).path, safe=_PRINTABLE)
        self._root = self._path.removesuffix("/v1")
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
        except TeacherKeyRejected as error:
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
        body: bytes | RequestBody | None,
        *,
        repeatable: bool = False,
    ) -> UpstreamResponse:
        """Send a request and give the response as soon as its headers are there.

        Args:
            method: As the client sent it.
            target: From `target`.
            headers: From `request_headers`.
            body: The request body, whole or as it arrives.
            repeatable: Whether to try again when a pooled connection turns out to have
                been closed by the teacher before it answered anything, although the
                method itself does not say that it may. What the teacher says it has
                not looked at is always sent again.

        Raises:
            TeacherUnreachable: No response came.
        """
        request = HttpRequest(method, target, headers, body)
        harmless = repeatable or method in _IDEMPOTENT
        for left in reversed(range(MAX_ATTEMPTS)):
            try:
                call = await self._pool.acquire()
            except TransportError as error:
                raise self.failed(error) from None
            try:
                call.send(request)
                await call.head()
            except TransportError as error:
                self._pool.release(call)
                may = left and (call.refused or (call.stale and harmless))
                again = request.again() if may else None
                if again is None:
                    raise self.failed(error) from None
                request = again
            except BaseException:
                self._pool.release(call)  # gives it up: nobody waits for the answer
                raise
            else:
                break
        self.state = _REACHABLE
        return UpstreamResponse(call, self._pool)

    def failed(self, error: TransportError | TeacherKeyRejected) -> TeacherUnreachable:
        """Note that the teacher did not answer, and give the error to raise."""
        cause = str(error)[:_LONGEST_CAUSE]
        if cause != self.state.cause:
            _log.warning("teacher %s: %s", self._base, cause)
        self.state = TeacherState(reachable=False, cause=cause)
        return TeacherUnreachable(cause)


_REACHABLE: Final = TeacherState(reachable=True)
