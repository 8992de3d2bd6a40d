"""The teacher: one pooled client, streaming both ways, its own answers untouched."""

import logging
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import quote

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from tracer_bentos.serving.exchange import ClientGone
from tracer_bentos.serving.headers import Credential
from tracer_bentos.serving.teacher_key import KeyRefused, TeacherKey
from tracer_router.contracts.evidence import TeacherState

__all__ = ["TeacherUnreachable", "Upstream"]

_log = logging.getLogger(__name__)

CONNECT_SECONDS: Final = 10.0
IDLE_SECONDS: Final = 4.0
"""Shorter than the five seconds after which many servers drop an idle connection."""
STALE_TRIES: Final = 3
"""Pooled connections that may turn out to be closed before one request gives up."""
_LONGEST_CAUSE: Final = 300
_PRINTABLE: Final = "".join(map(chr, range(0x21, 0x7F)))
_NO_AUTO_HEADERS: Final = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class TeacherUnreachable(Exception):  # noqa: N818 - named as status names it
    """The teacher gave no answer at all; the message says why, without any content."""


class Upstream:
    """Everything that is sent to the teacher goes through here."""

    def __init__(
        self,
        base: str,
        key: TeacherKey | None = None,
        key_header: str = "authorization",
    ) -> None:
        self._base = base
        self._root = base.removesuffix("/v1")
        self._key = key
        self._key_header = key_header
        self.state = TeacherState()
        """What the last request met."""

    async def open(self) -> None:
        """Make the connection pool; nothing is contacted."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS),
            # Answers may take minutes; only the connection has a deadline.
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=_NO_AUTO_HEADERS,
        )

    async def close(self) -> None:
        """Close the connection pool."""
        await self._session.close()

    def url(self, path: bytes, query: bytes = b"") -> URL:
        """Give the teacher's URL of a client's path: its `/v1` is the base URL."""
        text = quote(path, safe=_PRINTABLE)
        if text == "/v1" or text.startswith("/v1/"):
            address = self._base + text.removeprefix("/v1")
        else:
            address = self._root + "/" + text.removeprefix("/")
        if query:
            address += "?" + quote(query, safe=_PRINTABLE)
        return URL(address, encoded=True)

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
        url: URL,
        headers: "CIMultiDict[str]",
        body: bytes | AsyncIterator[bytes] | None,
        *,
        repeatable: bool = False,
    ) -> aiohttp.ClientResponse:
        """Send a request and give the response as soon as its headers are there.

        Args:
            method: As the client sent it.
            url: From `url`.
            headers: From `to_teacher`.
            body: The request body, whole or as it arrives.
            repeatable: Whether to try again when a pooled connection turns out to have
                been closed by the teacher before it answered anything.

        Raises:
            TeacherUnreachable: No response came.
        """
        for left in reversed(range(STALE_TRIES)):
            try:
                response = await self._send(method, url, headers, body)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                if left and _stale(error, repeatable, body):
                    continue
                raise self.failed(error) from None
            break
        self.state = TeacherState(reachable=True)
        return response

    async def _send(
        self,
        method: str,
        url: URL,
        headers: "CIMultiDict[str]",
        body: bytes | AsyncIterator[bytes] | None,
    ) -> aiohttp.ClientResponse:
        try:
            return await self._session.request(
                method, url, headers=headers, data=body, allow_redirects=False
            )
        except aiohttp.ClientConnectionError as error:
            # aiohttp wraps what the body's own iterator raised.
            if isinstance(error.__cause__, ClientGone):
                raise ClientGone from None
            raise

    def failed(self, error: BaseException) -> TeacherUnreachable:
        """Note that the teacher did not answer, and give the error to raise."""
        cause = f"{type(error).__name__}: {error}"[:_LONGEST_CAUSE]
        if cause != self.state.cause:
            _log.warning("teacher %s: %s", self._base, cause)
        self.state = TeacherState(reachable=False, cause=cause)
        return TeacherUnreachable(cause)


def _stale(
    error: BaseException, repeatable: bool, body: bytes | AsyncIterator[bytes] | None
) -> bool:
    """Tell whether a pooled connection was dead, so that nothing was processed.

    A request whose body could not be written was never whole at the teacher, so
    anything that can be sent again may be; after that only what is safe to repeat.
    """
    if isinstance(error, aiohttp.ClientConnectorError):
        return False
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return repeatable
    whole = body is None or isinstance(body, bytes)
    return isinstance(error, aiohttp.ClientOSError) and whole
