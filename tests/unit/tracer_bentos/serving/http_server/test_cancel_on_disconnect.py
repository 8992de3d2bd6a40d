"""A disconnect of the client cancels its work, with and without notifications."""

import asyncio
from collections.abc import Callable

import pytest

from tracer_bentos.serving.http_server.cancel_on_disconnect import CancelOnDisconnect
from tracer_bentos.serving.http_server.disconnect import (
    DISCONNECT_EXTENSION,
    DisconnectNotifier,
)
from tracer_bentos.serving.http_server.exchange import (
    ClientDisconnected,
    HttpExchange,
    Message,
)

pytestmark = pytest.mark.asyncio


class Client:
    """A client whose server notifies about a disconnect, or only returns a message."""

    def __init__(self, *, notifies: bool) -> None:
        self._left = asyncio.Event()
        self._notifier = DisconnectNotifier()
        extensions = {DISCONNECT_EXTENSION: self._notifier} if notifies else {}
        scope = {
            "method": "GET",
            "path": "/",
            "headers": [],
            "extensions": extensions,
        }
        self.exchange = HttpExchange(scope, self._receive, self._send)

    def leave(self) -> None:
        self._left.set()
        self._notifier.notify()

    async def _receive(self) -> Message:
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        raise AssertionError(message)


@pytest.fixture(params=[True, False], ids=["notification", "message"])
def client(request: pytest.FixtureRequest) -> Callable[[], Client]:
    return lambda: Client(notifies=request.param)


async def test_work_is_cancelled_when_the_client_disconnects(
    client: Callable[[], Client],
) -> None:
    connected = client()
    asyncio.get_running_loop().call_soon(connected.leave)

    with pytest.raises(ClientDisconnected):
        async with asyncio.timeout(10), CancelOnDisconnect(connected.exchange):
            await asyncio.Event().wait()


async def test_an_earlier_disconnect_is_detected(
    client: Callable[[], Client],
) -> None:
    connected = client()
    connected.leave()

    with pytest.raises(ClientDisconnected):
        async with asyncio.timeout(10), CancelOnDisconnect(connected.exchange):
            await asyncio.Event().wait()


async def test_a_later_disconnect_has_no_effect(
    client: Callable[[], Client],
) -> None:
    connected = client()

    async with CancelOnDisconnect(connected.exchange):
        await asyncio.sleep(0)
    connected.leave()
    for _ in range(3):  # iterations of the loop that could notify
        await asyncio.sleep(0)

    task = asyncio.current_task()
    assert task
    assert task.cancelling() == 0


async def test_another_cancellation_is_not_reported_as_a_disconnect(
    client: Callable[[], Client],
) -> None:
    connected = client()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01), CancelOnDisconnect(connected.exchange):
            await asyncio.Event().wait()
