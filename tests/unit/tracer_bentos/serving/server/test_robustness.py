"""Slow, disconnected, broken, and hostile clients and teachers."""

import asyncio
import copy
import json
import logging
import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from support.raw_teacher import OK, RawTeacher, Script, answering, scripted
from support.serving_plane import Plane, serving, until
from support.serving_teacher import Teacher, teaching

MEBIBYTE = 1024 * 1024
CHAT = b"/v1/chat/completions"
INPUTS = int(os.environ.get("TRACER_FUZZ_INPUTS", "1500"))
"""Number of inputs of each fuzz test; the variable can increase it."""


def request_of(body: bytes, *headers: bytes, path: bytes = CHAT) -> bytes:
    length = b"content-length: %d" % len(body)
    head = [b"POST %s HTTP/1.1" % path, b"host: x", length, *headers]
    return b"\r\n".join([*head, b"", body])


def chat(**more: Any) -> bytes:
    messages = [{"role": "user", "content": "Refund my order"}]
    return json.dumps({"model": "gpt-test", "messages": messages, **more}).encode()


@asynccontextmanager
async def connected(
    plane: Plane,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    port = int(plane.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def response_to(plane: Plane, request: bytes) -> bytes:
    """Return all bytes of the response, until it is complete or the server closes."""
    async with connected(plane) as (reader, writer):
        writer.write(request)
        found = b""
        while not ended(found):
            async with asyncio.timeout(20):
                piece = await reader.read(65_536)
            if not piece:
                break
            found += piece
        return found


def ended(answer: bytes) -> bool:
    head, found, body = answer.partition(b"\r\n\r\n")
    if found and status_of(answer) in {204, 304}:
        return True
    length = re.search(rb"\r\ncontent-length: (\d+)", head)
    if length:
        return len(body) >= int(length[1])
    return bool(found) and body.endswith(b"0\r\n\r\n")


def status_of(answer: bytes) -> int:
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0


async def wait_until_idle(plane: Plane) -> None:
    inner: Any = plane.data_plane
    await until(lambda: inner._upstream.connections == 0)  # noqa: SLF001 - leaks hide there
    await until(lambda: inner.router.in_flight == 0)


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'"text"', b"\xff\xfe", b"", b"9" * 5000]
)
async def test_a_body_that_cannot_be_parsed_is_forwarded_for_the_teacher_to_reject(
    body: bytes, tmp_path: Path
) -> None:
    refusal = b'HTTP/1.1 400 Bad\r\ncontent-length: 5\r\n\r\n{"e"}'
    got: list[bytes] = []

    async def script(
        teacher: RawTeacher, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await teacher.read_head(reader)
        got.append(await reader.readexactly(len(body)))
        writer.write(refusal)
        await reader.read()

    async with scripted(script) as teacher, serving(teacher.url, tmp_path) as plane:
        answer = await response_to(plane, request_of(body))
        await wait_until_idle(plane)
    assert (status_of(answer), answer[-5:], got) == (400, b'{"e"}', [body])


async def test_a_request_that_arrives_byte_by_byte_is_complete(tmp_path: Path) -> None:
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path) as plane,
        connected(plane) as (reader, writer),
    ):
        for byte in request_of(chat()):
            writer.write(bytes([byte]))
            await asyncio.sleep(0)
        async with asyncio.timeout(20):
            head = await reader.readuntil(b"\r\n\r\n")
    assert status_of(head) == 200
    assert teacher.seen[0].body == chat()


@pytest.mark.parametrize("sent", [b"", b"POST /v1/x HT", request_of(chat())[:-9]])
async def test_an_incomplete_request_leaks_no_resources(
    sent: bytes, tmp_path: Path
) -> None:
    async with teaching() as teacher, serving(teacher.url, tmp_path) as plane:
        async with connected(plane) as (reader, writer):
            writer.write(sent)
            writer.write_eof()
            async with asyncio.timeout(20):
                answer = await reader.read()
        await wait_until_idle(plane)
    assert status_of(answer) in {0, 400}
    assert teacher.seen == []


async def test_a_disconnect_before_the_answer_cancels_the_teacher_call(
    tmp_path: Path,
) -> None:
    async with (
        scripted(answering(b"")) as teacher,
        serving(teacher.url, tmp_path) as plane,
    ):
        async with connected(plane) as (_, writer):
            writer.write(request_of(chat()))
            await until(lambda: len(teacher.requests) == 1)
        await until(lambda: teacher.ended == 1)
        await wait_until_idle(plane)


@pytest.mark.parametrize(
    "headers",
    [
        (b"content-length: 5",),
        (b"transfer-encoding: chunked",),
        (b"transfer-encoding: xchunked",),
        (b"transfer-encoding : chunked",),
        (b"transfer-encoding: chunked", b"transfer-encoding: identity"),
        (b"x: a\r\n transfer-encoding: chunked",),
        (b"content-length: +9",),
        (b"connection: content-length",),
        (b"x: a\rtransfer-encoding: chunked",),
    ],
)
async def test_no_framing_smuggles_a_second_request(
    headers: tuple[bytes, ...], tmp_path: Path
) -> None:
    hidden = b"0\r\n\r\nGET /v1/hidden HTTP/1.1\r\nhost: x\r\n\r\n"
    async with teaching() as teacher, serving(teacher.url, tmp_path) as plane:
        answer = await response_to(plane, request_of(hidden, *headers, path=b"/v1/x"))
        await wait_until_idle(plane)
    assert status_of(answer) in {207, 400}
    assert all(request.target == b"/v1/x" for request in teacher.seen)
    assert all(request.body in {hidden, b""} for request in teacher.seen)


async def test_pipelined_requests_reach_the_teacher_separately(tmp_path: Path) -> None:
    pair = request_of(b"one", path=b"/v1/a") + request_of(b"two", path=b"/v1/b")
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path) as plane,
        connected(plane) as (reader, writer),
        asyncio.timeout(20),
    ):
        writer.write(pair)
        await reader.readuntil(b"eno")
        await reader.readuntil(b"owt")
    assert [(request.target, request.body) for request in teacher.seen] == [
        (b"/v1/a", b"one"),
        (b"/v1/b", b"two"),
    ]


@pytest.mark.parametrize("status", [401, 404, 408, 429, 500, 503, 529])
async def test_an_error_of_the_teacher_reaches_the_client_with_its_headers(
    status: int, tmp_path: Path
) -> None:
    answer = b"HTTP/1.1 %d X\r\nretry-after: 7\r\ncontent-length: 2\r\n\r\nno" % status
    async with (
        scripted(answering(answer)) as teacher,
        serving(teacher.url, tmp_path) as plane,
    ):
        found = await response_to(plane, request_of(chat()))
    assert (status_of(found), found[-2:]) == (status, b"no")
    assert b"retry-after: 7" in found


@pytest.mark.parametrize(
    "begun",
    [
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\ndata:\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\ndata:",
    ],
)
async def test_an_incomplete_answer_of_the_teacher_stays_incomplete(
    begun: bytes, tmp_path: Path
) -> None:
    async with (
        scripted(answering(begun, linger=False)) as teacher,
        serving(teacher.url, tmp_path) as plane,
    ):
        found = await response_to(plane, request_of(chat(stream=True)))
        await wait_until_idle(plane)
    assert b"data:" in found
    assert not ended(found)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 099 Odd\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nbad name: x\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: a\x01b\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
    ],
)
async def test_an_invalid_response_results_in_a_502_api_error(
    answer: bytes, tmp_path: Path
) -> None:
    async with (
        scripted(answering(answer, linger=False)) as teacher,
        serving(teacher.url, tmp_path) as plane,
    ):
        found = await response_to(plane, request_of(chat()))
        await wait_until_idle(plane)
    assert status_of(found) == 502
    body = json.loads(found.partition(b"\r\n\r\n")[2])
    assert body["error"]["code"] == "teacher_unreachable"


async def test_a_hundred_megabytes_stream_through_without_buffering() -> None:
    size = 100 * MEBIBYTE

    async def body() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield bytes(MEBIBYTE)

    async def script(
        teacher: RawTeacher, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await teacher.read_head(reader)
        while teacher.sent < size:
            teacher.sent += len(await reader.read(MEBIBYTE))
        writer.write(OK)
        await reader.read()

    length = {"content-length": str(size)}
    async with scripted(script) as teacher, aiohttp.ClientSession() as http:
        with running_process(teacher.url) as (pid, url):
            forwarded = http.post(f"{url}/v1/files", data=body(), headers=length)
            async with forwarded as response:
                taken = response.status
            refused = http.post(
                f"{url}/v1/chat/completions", data=body(), headers=length
            )
            async with refused as response:
                rejected = response.status
            peak = memory_peak(pid)
    assert (taken, rejected, teacher.sent) == (200, 413, size)
    assert peak < 200 * MEBIBYTE


async def test_malformed_questions_cause_no_fault_of_the_router(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    chance = random.Random(5)  # noqa: S311 - the same inputs each time
    statuses: set[int] = set()
    caplog.set_level(logging.ERROR)
    async with (
        scripted(answering_mutated(chance)) as teacher,
        serving(teacher.url, tmp_path) as plane,
    ):
        for _ in range(INPUTS):
            url = f"{plane.url}{chance.choice(PATHS)}"
            async with plane.http.post(
                url, data=mutate_json(QUESTION, chance)
            ) as response:
                statuses.add(response.status)
                await response.read()
        faults = dict(plane.data_plane.counters.faults)
        await wait_until_idle(plane)
    assert faults == {}
    assert statuses == {200}
    assert [record.message for record in caplog.records if is_own_log(record)] == []


async def test_corrupted_client_bytes_cause_no_fault_of_the_router(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    chance = random.Random(7)  # noqa: S311 - the same inputs each time
    statuses: set[int] = set()
    caplog.set_level(logging.ERROR)
    async with (
        teaching(Teacher(refusal=(418, b"no"))) as teacher,
        serving(teacher.url, tmp_path) as plane,
    ):
        for _ in range(INPUTS // 3):
            request = mutate_bytes(request_of(chat(), b"x-one: 1"), chance)
            async with connected(plane) as (reader, writer):
                writer.write(request)
                writer.write_eof()
                async with asyncio.timeout(20):
                    statuses.add(status_of(await reader.read()))
        await wait_until_idle(plane)
    assert 500 not in statuses
    assert statuses <= {0, 400, 413, 418, 426}
    assert [record.message for record in caplog.records if is_own_log(record)] == []


async def test_corrupted_teacher_bytes_cause_no_fault_of_the_router(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    chance = random.Random(9)  # noqa: S311 - the same inputs each time
    whole = b'HTTP/1.1 200 OK\r\nx-one: 1\r\ncontent-length: 12\r\n\r\n{"choices":1'
    chunked = (
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n"
        b"content-type: text/event-stream\r\n\r\n9\r\ndata: {}\n\r\n0\r\n\r\n"
    )
    statuses: set[int] = set()
    caplog.set_level(logging.ERROR)

    async def script(
        teacher: RawTeacher, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await teacher.read_head(reader)
        writer.write(mutate_bytes(chance.choice([whole, chunked]), chance))
        await writer.drain()

    async with scripted(script) as teacher, serving(teacher.url, tmp_path) as plane:
        for _ in range(INPUTS // 3):
            statuses.add(status_of(await response_to(plane, request_of(chat()))))
        await wait_until_idle(plane)
    assert 200 in statuses
    assert 502 in statuses
    assert [record.message for record in caplog.records if is_own_log(record)] == []


def answering_mutated(chance: random.Random) -> Script:
    """Answer every request with a mutated chat completion."""

    async def script(
        teacher: RawTeacher, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while True:
            head = await teacher.read_head(reader)
            length = re.search(rb"content-length: (\d+)", head)
            await reader.readexactly(int(length[1]) if length else 0)
            answer = mutate_json(COMPLETION, chance)
            kind = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
            writer.write(kind + b"content-length: %d\r\n\r\n" % len(answer) + answer)

    return script


def is_own_log(record: logging.LogRecord) -> bool:
    return record.name.startswith(("uvicorn", "tracer", "asyncio"))


ATOMS: list[Any] = [
    None, True, False, 0, -1, 1.5, 10**30, "", "x", "\ud800", "\x00", [], {}, [[]],
    {"type": "text"}, {"type": "text", "text": "hi"}, {"role": "user"},
]  # fmt: skip
PATHS = ["/v1/chat/completions", "/v1/responses", "/v1/completions", "/v1/messages"]
FIELDS = [
    "messages", "model", "stream", "stream_options", "n", "tools", "tool_choice",
    "response_format", "input", "prompt", "system", "content", "role", "text", "type",
    "logprobs", "modalities", "temperature", "stop", "max_tokens", "metadata", "store",
    "function", "name", "parameters", "json_schema", "schema", "strict", "instructions",
]  # fmt: skip


QUESTION = {
    "model": "gpt-test",
    "max_tokens": 5,
    "messages": [
        {"role": "system", "content": "Name it."},
        {"role": "user", "content": [{"type": "text", "text": "Refund"}]},
    ],
    "input": "Refund",
    "prompt": "Refund",
}
"""A question in all protocols."""
COMPLETION = {
    "model": "gpt-test",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "refund"},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 9, "completion_tokens": 1},
}


def mutate_json(proper: dict[str, Any], chance: random.Random) -> bytes:
    """Return the document with some values replaced by other JSON values."""
    document = copy.deepcopy(proper)
    for _ in range(chance.randint(1, 4)):
        place: Any = document
        while isinstance(place, dict | list) and place and chance.random() < 0.6:
            keys = list(place) if isinstance(place, dict) else range(len(place))
            key = chance.choice(list(keys))
            if not isinstance(place[key], dict | list):
                place[key] = copy.deepcopy(chance.choice(ATOMS))
            place = place[key]
        if isinstance(place, dict):
            place[chance.choice(FIELDS)] = copy.deepcopy(chance.choice(ATOMS))
        elif isinstance(place, list):
            place.append(copy.deepcopy(chance.choice(ATOMS)))
    return json.dumps(document).encode()


def mutate_bytes(content: bytes, chance: random.Random) -> bytes:
    """Return the bytes with some changed, removed, inserted, or repeated."""
    found = bytearray(content)
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(found) + 1)
        match chance.randrange(4):
            case 0:
                found[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                del found[place : place + chance.randint(1, 20)]
            case 2:
                found[place:place] = chance.choice(
                    [b"\r\n", b"\x00", b":", b"\xff", b" "]
                )
            case _:
                found[place:place] = found[place : place + chance.randint(1, 30)]
    return bytes(found)


@contextmanager
def running_process(teacher: str) -> Iterator[tuple[int, str]]:
    command = [sys.executable, "-m", "tracer_cli", "serve", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--teacher", teacher], stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        assert process.stderr
        for line in process.stderr:
            if found := re.search(rb"traffic on port (\d+)", line):
                yield process.pid, f"http://127.0.0.1:{found[1].decode()}"
                break
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def memory_peak(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024
