"""A response as it arrives: first its head, then its body, with back pressure."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from tracer_bentos.http_client.connection import Headers

__all__ = ["ResponseStream"]


class ResponseStream:
    """The received part of a response; readers wait until more arrives."""

    def __init__(self) -> None:
        self._waiter: asyncio.Future[None] | None = None
        self._clear()

    def _clear(self) -> None:
        self.status = 0
        """Status of the response."""
        self.headers: Headers = []
        """Headers of the response, names in lower case."""
        self.started = False
        """Whether any part of the response has arrived."""
        self._has_head = False
        self._complete = False
        self._error: Exception | None = None
        self._chunks: deque[bytes] = deque()
        self._buffered_bytes = 0

    async def read_head(self) -> None:
        """Wait for the status and the headers of the response.

        Raises:
            TransportError: The connection failed first.
        """
        while not self._has_head:
            if self._error:
                raise self._error
            await self._wait_for_change()

    async def iter_body(self) -> AsyncIterator[bytes]:
        """Yield the body of the response as it arrives.

        Raises:
            TransportError: The connection failed before the end of the body.
        """
        while True:
            if self._chunks:
                yield self._take_buffer()
            elif self._complete:
                return
            elif self._error:
                raise self._error
            else:
                await self._wait_for_change()

    @property
    def ended(self) -> bool:
        """Whether the complete body has been received and read."""
        return self._complete and not self._chunks

    def _append(self, content: bytes) -> None:
        self._chunks.append(content)
        self._buffered_bytes += len(content)

    def _take_buffer(self) -> bytes:
        content = b"".join(self._chunks)
        self._chunks.clear()
        self._buffered_bytes = 0
        self._on_consumed(len(content))
        return content

    def _on_consumed(self, size: int) -> None:
        """Allow the server to send more, after `size` bytes were read."""
        raise NotImplementedError

    async def _wait_for_change(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter and not waiter.done():
            waiter.set_result(None)
