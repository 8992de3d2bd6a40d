"""An answer as it arrives: first its head, then its body, as fast as they are taken."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from tracer_bentos.http_client.connection import Headers

__all__ = ["ResponseStream"]


class ResponseStream:
    """What has come of an answer; whoever reads it is woken when more has."""

    def __init__(self) -> None:
        self._waiter: asyncio.Future[None] | None = None
        self._clear()

    def _clear(self) -> None:
        self.status = 0
        """Status of the response."""
        self.headers: Headers = []
        """Its headers, names in lower case."""
        self.begun = False
        """Whether anything of the response has come."""
        self._arrived = False
        self._complete = False
        self._error: Exception | None = None
        self._pieces: deque[bytes] = deque()
        self._waiting = 0

    async def head(self) -> None:
        """Return once the status and the headers of the response are there.

        Raises:
            TransportError: The connection failed before.
        """
        while not self._arrived:
            if self._error:
                raise self._error
            await self._change()

    async def iter_body(self) -> AsyncIterator[bytes]:
        """Give the body of the response as it arrives.

        Raises:
            TransportError: The connection failed before its end.
        """
        while True:
            if self._pieces:
                yield self._take()
            elif self._complete:
                return
            elif self._error:
                raise self._error
            else:
                await self._change()

    @property
    def ended(self) -> bool:
        """Whether all of the body has come and been taken."""
        return self._complete and not self._pieces

    def _keep(self, content: bytes) -> None:
        self._pieces.append(content)
        self._waiting += len(content)

    def _take(self) -> bytes:
        content = b"".join(self._pieces)
        self._pieces.clear()
        self._waiting = 0
        self._on_consumed(len(content))
        return content

    def _on_consumed(self, size: int) -> None:
        """Let the server send more, now that so many bytes have been taken."""
        raise NotImplementedError

    async def _change(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter and not waiter.done():
            waiter.set_result(None)
