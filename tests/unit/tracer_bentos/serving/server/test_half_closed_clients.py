"""A client that shuts down its writing side has left: said in the reference, kept here.

Nothing tells it from one that closed the connection, and a teacher that goes on working
for nobody costs money.
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


async def heard_after_half_closing(
    plane: Plane, path: str, once: Callable[[], bool], begun: bytes = b""
) -> bytes:
    """Ask, shut the writing side, and give what comes until the other side closes.

    Shut is once something holds and the beginning of an answer has come.
    """
    port = int(plane.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(BODY)}\r\n\r\n"
    writer.write(head.encode() + BODY)
    try:
        async with asyncio.timeout(20):
            await until(once)
            heard = await reader.readuntil(begun) if begun else b""
            writer.write_eof()
            return heard + await reader.read()
    finally:
        writer.close()


def tasks() -> int:
    return len(asyncio.all_tasks())


@pytest.mark.parametrize("path", [CHAT, "/v1/files"])
@pytest.mark.parametrize(("begun", "heard"), [(b"", b""), (BEGUN, b"abc")])
async def test_its_exchange_ends_at_once_and_with_it_the_teachers_work(
    path: str, begun: bytes, heard: bytes, tmp_path: Path
) -> None:
    async with (
        scripted(answering(begun)) as teacher,
        serving(teacher.url, tmp_path) as plane,
    ):
        await until(lambda: plane.data_plane.surrogate_slot.surrogate is not None)
        before = tasks()
        asked = teacher.requests
        found = await heard_after_half_closing(plane, path, lambda: bool(asked), heard)
        await until(lambda: teacher.ended == 1)
        await until(lambda: tasks() <= before)
        answered = (await plane.evidence()).requests
    assert found.endswith(heard)
    assert bool(found) is bool(heard)
    assert answered.failed == 0


async def test_over_http_2_its_call_is_given_up_and_no_other(tmp_path: Path) -> None:
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
        found = await heard_after_half_closing(
            plane, CHAT, lambda: len(teacher.seen) == 2
        )
        assert found == b""
        hold.set()
        assert (await stays).choices[0].message.content == "billing"


async def test_many_of_them_leave_nothing_behind(tmp_path: Path) -> None:
    async with (
        scripted(answering(b"")) as teacher,
        serving(teacher.url, tmp_path) as plane,
    ):
        await until(lambda: plane.data_plane.surrogate_slot.surrogate is not None)
        before = tasks()
        asked = teacher.requests
        leaving = [
            heard_after_half_closing(plane, CHAT, lambda: len(asked) == 50)
            for _ in range(50)
        ]
        assert set(await asyncio.gather(*leaving)) == {b""}
        await until(lambda: teacher.ended == 50)
        await until(lambda: tasks() <= before)
        assert plane.data_plane.router.in_flight == 0
