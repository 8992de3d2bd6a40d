"""What a connection to the teacher is, whichever version of HTTP it speaks.

`http1` and `http2` each have one; `pool` and `serving/upstream` see no more of them
than stands here.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

__all__ = [
    "MAX_BUFFERED_BYTES",
    "MAX_HEADER_BYTES",
    "Headers",
    "HttpCall",
    "HttpConnection",
    "HttpRequest",
    "RequestBody",
    "TransportError",
]

Headers = list[tuple[bytes, bytes]]

MAX_BUFFERED_BYTES: Final = 256 * 1024
"""Bytes of a response that may wait for a slow client before the server has to."""
MAX_HEADER_BYTES: Final = 256 * 1024
"""Bytes of all response headers together."""
REPLAY_BYTES: Final = 64 * 1024
"""Bytes of an upload that are kept, should it have to be sent again."""


class TransportError(Exception):
    """The connection failed; the message says how, without any content."""


@dataclass(slots=True)
class RequestBody:
    """A request body that is sent as it arrives."""

    pieces: AsyncIterator[bytes]
    """The body."""
    length: int | None
    """Its announced size; none when nobody knows."""
    whole: bytes | None = None
    """All of it, once it has been read by `kept`, unless it is long."""
    _read: bytearray | None = field(default_factory=bytearray)

    async def replayable(self) -> AsyncIterator[bytes]:
        """Give the body as it arrives, and keep it as long as it is short."""
        async for piece in self.pieces:
            if self._read is not None:
                self._read += piece
                if len(self._read) > REPLAY_BYTES:
                    self._read = None
            yield piece
        self.whole = None if self._read is None else bytes(self._read)


@dataclass(slots=True)  # not frozen: that takes a microsecond more
class HttpRequest:
    """What is asked of the teacher."""

    method: str
    """As the client sent it."""
    target: bytes
    """Path and query."""
    headers: Headers
    """Those that are not about the connection, names in lower case."""
    body: bytes | RequestBody | None
    """What follows, whole or as it arrives."""

    def again(self) -> "HttpRequest | None":
        """Give it once more; none when its body is no longer there as a whole."""
        if not isinstance(self.body, RequestBody):
            return self
        return None if self.body.whole is None else replace(self, body=self.body.whole)


class HttpCall(Protocol):
    """One request on a connection, and its answer."""

    status: int
    """Status of the answer."""
    headers: Headers
    """Its headers as they came, names in lower case."""

    @property
    def connection(self) -> "HttpConnection":
        """What it is on."""

    @property
    def refused(self) -> bool:
        """Whether the teacher is known not to have looked at it."""

    @property
    def stale(self) -> bool:
        """Whether a connection that served others before ended without a word on it."""

    def send(self, request: HttpRequest) -> None:
        """Send a request; what cannot leave at once goes on in the background."""

    async def head(self) -> None:
        """Return once status and headers of the answer are there.

        Raises:
            TransportError: The connection failed before.
        """

    def iter_body(self) -> AsyncIterator[bytes]:
        """Give the body of the answer as it arrives.

        Raises:
            TransportError: It ended before its end.
        """

    @property
    def ended(self) -> bool:
        """Whether all of the body has come and been taken."""

    def end(self) -> None:
        """Give its place on the connection back.

        When the answer is not whole, the teacher is told to stop working on it.
        """


class HttpConnection(Protocol):
    """An open connection."""

    idle_timeout: float
    """Seconds that it may rest before it is closed."""
    idle_since: float
    """Since when it rests, by the loop's clock."""
    closed: bool
    """Whether it has ended."""

    @property
    def available_streams(self) -> int:
        """Calls that it would take now."""

    @property
    def idle(self) -> bool:
        """Whether no call is on it."""

    def call(self) -> HttpCall:
        """Give a place on it; there must be room."""

    def abort(self) -> None:
        """End it at once, and with it whatever the teacher still does on it."""
