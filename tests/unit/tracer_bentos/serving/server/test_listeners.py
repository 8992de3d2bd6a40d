"""Clients are let in, however busy the event loop is, and their going is told."""

import asyncio
import socket

import uvloop

from tracer_bentos.serving.http_server.disconnect import DISCONNECT_EXTENSION
from tracer_bentos.serving.http_server.exchange import Receive, Scope, Send
from tracer_bentos.serving.server.listeners import Listener

CLIENTS = 160
REQUEST = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n"


async def turns_until_all_are_heard() -> int:
    """Give how often the event loop turned until every client had been heard."""
    heard = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal heard
        del scope, receive
        heard += 1
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    listener = Listener(app, "127.0.0.1", 0, 1.0)
    await listener.start()
    clients = [
        socket.create_connection(("127.0.0.1", listener.port)) for _ in range(CLIENTS)
    ]
    for client in clients:
        client.sendall(REQUEST)
    turns = 0
    while heard < CLIENTS:
        turns += 1
        await asyncio.sleep(0)
    for client in clients:
        client.close()
    await listener.stop()
    return turns


def test_a_crowd_of_new_clients_is_let_in_within_a_few_turns_of_the_loop() -> None:
    assert uvloop.run(turns_until_all_are_heard()) < CLIENTS / 4


async def what_is_told_of_a_client_that_leaves_unanswered() -> list[str]:
    """Give what an application heard, in order."""
    told: list[str] = []
    left = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del receive, send
        scope["extensions"][DISCONNECT_EXTENSION].subscribe(left.set)
        told.append("it asks")
        client.close()
        await left.wait()
        told.append("it has left")

    listener = Listener(app, "127.0.0.1", 0, 1.0)
    await listener.start()
    client = socket.create_connection(("127.0.0.1", listener.port))
    client.sendall(REQUEST)
    async with asyncio.timeout(10):
        await left.wait()
    await listener.stop()
    return told


def test_a_client_that_leaves_without_its_answer_is_told_of() -> None:
    told = uvloop.run(what_is_told_of_a_client_that_leaves_unanswered())

    assert told == ["it asks", "it has left"]
