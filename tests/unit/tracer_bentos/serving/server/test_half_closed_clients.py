"""A client that shuts down its writing side counts as disconnected.

The server cannot distinguish it from a client that closed the connection, and a call to
the teacher without a client costs money. docs/reference/protocols.md documents this.
"""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from support.raw_teacher import answering, scripted
from support.serving_plane import Plane, serving, until
from support.serving_teacher import teaching
from tracer_core.contracts.runtime import HttpVersion

CHAT = "/v1/chat/completions"
BODY = json.dumps(
    {"model": "gpt-test", "messages": [{"role": "user", "content": "Refund it"}]}
).encode()
BEGUN = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"


async def response_after_half_close(
    plane: Plane, path: str, condition: Callable[[], bool], begun: bytes = b""
) -> bytes:
    """Send a request, half-close the connection, and return the response.

    The half-close happens when a condition is true and the beginning of the answer has
    arrived.
    """
    port = int(plane.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(BODY)}\r\n\r\n"
    writer.write(head.encode() + BODY)
    try:
        async with asyncio.timeout(20):
            await until(condition)
            received = await reader.readuntil(begun) if begun else b""
            writer.write_eof()
            return received + await reader.read()
    finally:
        writer.close()


def tasks() -> int:
    return len(asyncio.all_tasks())


@pytest.mark.parametrize("path", [CHAT, "/v1/files"])
@pytest.mark.parametrize(("begun", "received"), [(b"", b""), (BEGUN, b"abc")])
async def test_a_half_closed_client_ends_its_exchange_and_the_teacher_call(
    path: str, begun: bytes, received: bytes, tmp_path: Path
) -> None:
    async with (
        scripted(answering(begun)) as teacher,
        serving(teacher.url, tmp_path) as plane,
    ):
        await until(lambda: plane.data_plane.surrogate_slot.surrogate is not None)
        before = tasks()
        requests = teacher.requests
        found = await response_after_half_close(
            plane, path, lambda: bool(requests), received
        )
        await until(lambda: teacher.ended == 1)
        await until(lambda: tasks() <= before)
        answered = (await plane.evidence()).requests
    assert found.endswith(received)
    assert bool(found) is bool(received)
    assert answered.failed == 0


async def test_over_http_2_only_the_call_of_the_half_closed_client_is_cancelled(
    tmp_path: Path,
) -> None:
    hold = asyncio.Event()
    async with (
        teaching(http=HttpVersion.HTTP2) as teacher,
        serving(teacher.url, tmp_path, teacher_http=HttpVersion.HTTP2) as plane,
    ):
        teacher.hold = hold
        stays = asyncio.create_task(
            plane.client().chat.completions.create(
                model="gpt-test", messages=[{"role": "user", "content": "Billing"}]
            )
        )
        await until(lambda: len(teacher.seen) == 1)
        found = await response_after_half_close(
            plane, CHAT, lambda: len(teacher.seen) == 2
        )
        assert found == b""
        hold.set()
        assert (await stays).choices[0].message.content == "billing"


async def test_many_half_closed_clients_leak_no_resources(tmp_path: Path) -> None:
    async with (
        scripted(answering(b"")) as teacher,
        serving(teacher.url, tmp_path) as plane,
    ):
        await until(lambda: plane.data_plane.surrogate_slot.surrogate is not None)
        before = tasks()
        requests = teacher.requests
        leaving = [
            response_after_half_close(plane, CHAT, lambda: len(requests) == 50)
            for _ in range(50)
        ]
        assert set(await asyncio.gather(*leaving)) == {b""}
        await until(lambda: teacher.ended == 50)
        await until(lambda: tasks() <= before)
        assert plane.data_plane.router.in_flight == 0
