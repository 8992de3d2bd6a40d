"""Work for a client ends when the client leaves, however the server tells it."""

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
    """A client whose server tells of its going by a call, or only when asked."""

    def __init__(self, *, called: bool) -> None:
        self._left = asyncio.Event()
        self._departure = DisconnectNotifier()
        extensions = {DISCONNECT_EXTENSION: self._departure} if called else {}
        scope = {
            "method": "GET",
            "path": "/",
            "headers": [],
            "extensions": extensions,
        }
        self.exchange = HttpExchange(scope, self._receive, self._send)

    def leave(self) -> None:
        self._left.set()
        self._departure.notify()

    async def _receive(self) -> Message:
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        raise AssertionError(message)


@pytest.fixture(params=[True, False], ids=["called", "asked"])
def client(request: pytest.FixtureRequest) -> Callable[[], Client]:
    return lambda: Client(called=request.param)


async def test_what_is_done_for_a_client_that_leaves_is_given_up(
    client: Callable[[], Client],
) -> None:
    here = client()
    asyncio.get_running_loop().call_soon(here.leave)

    with pytest.raises(ClientDisconnected):
        async with asyncio.timeout(10), CancelOnDisconnect(here.exchange):
            await asyncio.Event().wait()


async def test_a_client_that_had_left_before_is_noticed(
    client: Callable[[], Client],
) -> None:
    here = client()
    here.leave()

    with pytest.raises(ClientDisconnected):
        async with asyncio.timeout(10), CancelOnDisconnect(here.exchange):
            await asyncio.Event().wait()


async def test_a_client_that_leaves_afterwards_disturbs_nothing(
    client: Callable[[], Client],
) -> None:
    here = client()

    async with CancelOnDisconnect(here.exchange):
        await asyncio.sleep(0)
    here.leave()
    for _ in range(3):  # turns of the loop in which it would be told
        await asyncio.sleep(0)

    task = asyncio.current_task()
    assert task
    assert task.cancelling() == 0


async def test_who_is_stopped_for_another_reason_is_not_said_to_have_lost_its_client(
    client: Callable[[], Client],
) -> None:
    here = client()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01), CancelOnDisconnect(here.exchange):
            await asyncio.Event().wait()
