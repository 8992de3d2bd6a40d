"""The interface of a connection to the teacher, for all versions of HTTP.

`http1` and `http2` implement it; `pool` and `serving/upstream` use only this interface.
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
"""Maximum size of the buffered part of a response, in bytes; if a slow client does not
read it, the server must wait."""
MAX_HEADER_BYTES: Final = 256 * 1024
"""Maximum size of all response headers together, in bytes."""
REPLAY_BYTES: Final = 64 * 1024
"""Maximum size of an upload that is kept for a retry, in bytes."""


class TransportError(Exception):
    """The connection failed; the message contains the cause but no content."""


@dataclass(slots=True)
class RequestBody:
    """A request body that is sent as it arrives."""

    chunks: AsyncIterator[bytes]
    """The body."""
    length: int | None
    """Announced size in bytes; none if it is unknown."""
    content: bytes | None = None
    """The complete body after `iter_replayable` has read it; none if it is larger than
    `REPLAY_BYTES`."""
    _read: bytearray | None = field(default_factory=bytearray)

    async def iter_replayable(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives, and keep it up to `REPLAY_BYTES`."""
        async for chunk in self.chunks:
            if self._read is not None:
                self._read += chunk
                if len(self._read) > REPLAY_BYTES:
                    self._read = None
            yield chunk
        self.content = None if self._read is None else bytes(self._read)


@dataclass(slots=True)  # not frozen, which would take a microsecond more
class HttpRequest:
    """A request to the teacher."""

    method: str
    """Method, as the client sent it."""
    target: bytes
    """Path and query."""
    headers: Headers
    """Headers without those of the connection; names in lower case."""
    body: bytes | RequestBody | None
    """The body, complete or as it arrives."""

    def replay(self) -> "HttpRequest | None":
        """Return the same request for a retry; none if its body was not kept."""
        if not isinstance(self.body, RequestBody):
            return self
        content = self.body.content
        return None if content is None else replace(self, body=content)


class HttpCall(Protocol):
    """One request on a connection, and its response."""

    status: int
    """Status of the response."""
    headers: Headers
    """Headers of the response, names in lower case."""

    @property
    def connection(self) -> "HttpConnection":
        """The connection of the call."""

    @property
    def refused(self) -> bool:
        """Whether the teacher reported that it did not process the request."""

    @property
    def stale(self) -> bool:
        """Whether a reused connection ended before the first byte of the response.

        The teacher has probably closed an idle connection.
        """

    def send(self, request: HttpRequest) -> None:
        """Send a request; the rest of a large body is sent in the background."""

    async def read_head(self) -> None:
        """Wait for the status and the headers of the response.

        Raises:
            TransportError: The connection failed first.
        """

    def iter_body(self) -> AsyncIterator[bytes]:
        """Yield the body of the response as it arrives.

        Raises:
            TransportError: The connection failed before the end of the body.
        """

    @property
    def ended(self) -> bool:
        """Whether the complete body has been received and read."""

    def end(self) -> None:
        """End the call on the connection.

        If the response is not complete, the teacher is notified to stop processing.
        """


class HttpConnection(Protocol):
    """An open connection."""

    idle_timeout: float
    """How long the connection can be idle before it is closed, in seconds."""
    idle_since: float
    """Start of the idle time, by the clock of the event loop."""
    closed: bool
    """Whether the connection has ended."""

    @property
    def available_streams(self) -> int:
        """Number of calls that the connection can accept now."""

    @property
    def idle(self) -> bool:
        """Whether the connection has no call."""

    def call(self) -> HttpCall:
        """Return a new call; `available_streams` must not be 0."""

    def abort(self) -> None:
        """End the connection and all of its calls immediately."""
