"""Cancellation of the work for a client that disconnected."""

import asyncio
from types import TracebackType
from typing import Self

from tracer_bentos.serving.http_server.exchange import ClientDisconnected, HttpExchange

__all__ = ["CancelOnDisconnect"]


class CancelOnDisconnect:
    """Runs a block and ends it with `ClientDisconnected` if the client disconnects.

    If the server provides a `DisconnectNotifier`, the block subscribes to it. Otherwise
    a task waits for the ASGI disconnect message.
    """

    def __init__(self, exchange: HttpExchange) -> None:
        self._exchange = exchange
        self._notifier = exchange.disconnect_notifier
        self._disconnected = False

    async def __aenter__(self) -> Self:
        self._task = asyncio.current_task()
        if self._notifier:
            self._notifier.subscribe(self._cancel)
        else:
            self._watcher = asyncio.create_task(self._exchange.wait_for_disconnect())
            self._watcher.add_done_callback(self._on_watcher_done)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._notifier:
            self._notifier.unsubscribe(self._cancel)
        else:
            self._watcher.remove_done_callback(self._on_watcher_done)
            self._watcher.cancel()
        canceled = self._disconnected and isinstance(error, asyncio.CancelledError)
        if canceled and self._task:
            self._task.uncancel()
            raise ClientDisconnected from None

    def _on_watcher_done(self, watcher: "asyncio.Task[None]") -> None:
        if not watcher.cancelled():
            self._cancel()

    def _cancel(self) -> None:
        if self._task:
            self._disconnected = True
            self._task.cancel()
