"""HTTP client for the teacher: streams in both directions over pooled connections.

Responses of the teacher are not modified.
"""

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
from tracer_bentos.protocols.api_conventions import OPENAI_API, ApiConventions
from tracer_bentos.serving.auth.teacher_key import TeacherKey, TeacherKeyRejected
from tracer_bentos.serving.http_server.headers import Credential
from tracer_core.contracts.evidence import TeacherState
from tracer_core.contracts.runtime import HttpVersion

__all__ = ["TeacherClient", "TeacherUnreachable", "UpstreamResponse"]

_log = logging.getLogger(__name__)

MAX_ATTEMPTS: Final = 3
"""Maximum number of attempts for one request, if the earlier attempts are known to have
had no effect."""
_MAX_CAUSE_CHARACTERS: Final = 300
_PRINTABLE: Final = "".join(map(chr, range(0x21, 0x7F)))
_IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})


class TeacherUnreachable(Exception):  # noqa: N818 - same name as in the router status
    """The teacher did not respond; the message states the cause without any content."""


class UpstreamResponse:
    """A response with a complete head and a body that is still being received."""

    def __init__(self, call: HttpCall, pool: ConnectionPool) -> None:
        self._call = call
        self._pool = pool
        self.status = call.status
        """HTTP status."""
        self.headers: Headers = call.headers
        """Headers as received, with names in lower case."""

    def iter_body(self) -> AsyncIterator[bytes]:
        """Iterate over the parts of the body as they arrive.

        Raises:
            TransportError: The connection failed before the end of the body.
        """
        return self._call.iter_body()

    @property
    def ended(self) -> bool:
        """Whether the body is complete and all of its parts have been returned."""
        return self._call.ended

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # The release aborts an incomplete response, so that the teacher stops working.
        self._pool.release(self._call)


class TeacherClient:
    """Sends all requests to the teacher.

    Args:
        base: Base URL of the teacher; replaces the `/v1` of client paths.
        key: Key of the router for the teacher; None to forward the keys of clients.
        conventions: Conventions of the protocol of the teacher.
        authorities: PEM file with additional certificate authorities.
        proxy: URL of an HTTP proxy; None to use the standard environment variables.
        http: HTTP version of the connections.
    """

    def __init__(
        self,
        base: str,
        key: TeacherKey | None = None,
        *,
        conventions: ApiConventions = OPENAI_API,
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
        self._conventions = conventions
        self.state = TeacherState()
        """Whether the last request reached the teacher."""

    @property
    def connections(self) -> int:
        """Number of connections in use."""
        return self._pool.open

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.close()

    def target(self, path: bytes, query: bytes = b"") -> bytes:
        """Return the request target at the teacher; the base URL replaces `/v1`."""
        text = quote(path, safe=_PRINTABLE)
        if text == "/v1" or text.startswith("/v1/"):
            base, text = self._path, text.removeprefix("/v1")
        else:
            base, text = self._root, "/" + text.removeprefix("/")
        if text.startswith("/openai/") and self._root.endswith("/openai"):
            # Azure clients add /openai, and the URL of the teacher contains it too.
            base, text = self._root, text.removeprefix("/openai")
        text = base + text
        if query:
            text += "?" + quote(query, safe=_PRINTABLE)
        return (text or "/").encode()

    def credential(self, api: ApiConventions = OPENAI_API) -> Credential | None:
        """Return the key that replaces the client's key; None to forward the client's.

        Args:
            api: Conventions of the API of the request.

        Raises:
            TeacherUnreachable: A key is configured, but it cannot be read or must not
                be sent to this teacher.
        """
        try:
            key = self._key.current() if self._key else None
        except TeacherKeyRejected as error:
            raise self.record_failure(error) from None
        if key is None:
            return None
        if api.key_follows_teacher:
            api = self._conventions
        return Credential(api.key_header, api.key_value(key))

    async def send(
        self,
        method: str,
        target: bytes,
        headers: Headers,
        body: bytes | RequestBody | None,
        *,
        retryable: bool = False,
    ) -> UpstreamResponse:
        """Send a request and return the response as soon as its head is complete.

        Args:
            method: Method from the client.
            target: Result of `target`.
            headers: Result of `request_headers`.
            body: The request body, complete or streamed.
            retryable: Whether to retry if the teacher closed a pooled connection before
                it responded, even if the method is not idempotent. A request that the
                teacher explicitly did not process is always retried.

        Raises:
            TeacherUnreachable: There was no response.
        """
        request = HttpRequest(method, target, headers, body)
        idempotent = retryable or method in _IDEMPOTENT
        for attempts_left in reversed(range(MAX_ATTEMPTS)):
            try:
                call = await self._pool.acquire()
            except TransportError as error:
                raise self.record_failure(error) from None
            try:
                call.send(request)
                await call.read_head()
            except TransportError as error:
                self._pool.release(call)
                harmless = call.refused or (call.stale and idempotent)
                again = request.replay() if attempts_left and harmless else None
                if again is None:
                    raise self.record_failure(error) from None
                request = again
            except BaseException:
                self._pool.release(call)  # aborts the call; its result is not needed
                raise
            else:
                break
        self.state = _REACHABLE
        return UpstreamResponse(call, self._pool)

    def record_failure(
        self, error: TransportError | TeacherKeyRejected
    ) -> TeacherUnreachable:
        """Record that the teacher did not respond and return the error to raise."""
        cause = str(error)[:_MAX_CAUSE_CHARACTERS]
        if cause != self.state.cause:
            _log.warning("teacher %s: %s", self._base, cause)
        self.state = TeacherState(reachable=False, cause=cause)
        return TeacherUnreachable(cause)


_REACHABLE: Final = TeacherState(reachable=True)
