"""Gives up what is done for a client that has left."""

import asyncio
from types import TracebackType
from typing import Self

from tracer_bentos.serving.http_server.exchange import ClientDisconnected, HttpExchange

__all__ = ["CancelOnDisconnect"]


class CancelOnDisconnect:
    """Runs a block; `ClientDisconnected` ends it when the client disconnects."""

    def __init__(self, exchange: HttpExchange) -> None:
        self._exchange = exchange
        self._departure = exchange.departure
        self._gone = False

    async def __aenter__(self) -> Self:
        self._block = asyncio.current_task()
        if self._departure:
            self._departure.subscribe(self._give_up)
        else:
            self._watch = asyncio.create_task(self._exchange.disconnected())
            self._watch.add_done_callback(self._is_gone)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._departure:
            self._departure.unsubscribe(self._give_up)
        else:
            self._watch.remove_done_callback(self._is_gone)
            self._watch.cancel()
        if self._gone and isinstance(error, asyncio.CancelledError) and self._block:
            self._block.uncancel()
            raise ClientDisconnected from None

    def _is_gone(self, watch: "asyncio.Task[None]") -> None:
        if not watch.cancelled():
            self._give_up()

    def _give_up(self) -> None:
        if self._block:
            self._gone = True
            self._block.cancel()
