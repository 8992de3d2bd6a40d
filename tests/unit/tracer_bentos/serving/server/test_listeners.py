"""Connections are accepted on a busy event loop, and disconnects are notified."""

import asyncio
import socket

import uvloop

from tracer_bentos.serving.http_server.disconnect import DISCONNECT_EXTENSION
from tracer_bentos.serving.http_server.exchange import Receive, Scope, Send
from tracer_bentos.serving.server.listeners import Listener

CLIENTS = 160
REQUEST = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n"


async def iterations_until_all_are_served() -> int:
    """Return the iterations of the event loop until every client was served."""
    served = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal served
        del scope, receive
        served += 1
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    listener = Listener(app, "127.0.0.1", 0, 1.0)
    await listener.start()
    clients = [
        socket.create_connection(("127.0.0.1", listener.port)) for _ in range(CLIENTS)
    ]
    for client in clients:
        client.sendall(REQUEST)
    iterations = 0
    while served < CLIENTS:
        iterations += 1
        await asyncio.sleep(0)
    for client in clients:
        client.close()
    await listener.stop()
    return iterations


def test_many_new_clients_are_accepted_within_few_iterations_of_the_loop() -> None:
    assert uvloop.run(iterations_until_all_are_served()) < CLIENTS / 4


async def events_of_a_client_that_disconnects() -> list[str]:
    """Return the events that an application observed, in order."""
    events: list[str] = []
    left = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del receive, send
        scope["extensions"][DISCONNECT_EXTENSION].subscribe(left.set)
        events.append("request")
        client.close()
        await left.wait()
        events.append("disconnect")

    listener = Listener(app, "127.0.0.1", 0, 1.0)
    await listener.start()
    client = socket.create_connection(("127.0.0.1", listener.port))
    client.sendall(REQUEST)
    async with asyncio.timeout(10):
        await left.wait()
    await listener.stop()
    return events


def test_a_disconnect_before_the_answer_is_notified() -> None:
    events = uvloop.run(events_of_a_client_that_disconnects())

    assert events == ["request", "disconnect"]
