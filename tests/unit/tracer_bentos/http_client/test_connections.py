"""The hop to the teacher: exact bytes, honest failures, no connection left behind."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest

from support.raw_teacher import OK, RawTeacher, answering, scripted
from support.serving_plane import until
from support.upstream_calls import pieces_of
from tracer_bentos.http_client.connection import Headers, RequestBody, TransportError
from tracer_bentos.serving.http_server.exchange import ClientDisconnected
from tracer_bentos.serving.upstream.teacher import TeacherClient, TeacherUnreachable

MEBIBYTE = 1024 * 1024


@contextmanager
def toward(teacher: RawTeacher) -> Iterator[TeacherClient]:
    upstream = TeacherClient(teacher.url)
    yield upstream
    upstream.close()
    assert upstream.connections == 0


async def ask(
    upstream: TeacherClient,
    method: str = "GET",
    headers: Headers | None = None,
    body: bytes | RequestBody | None = None,
    *,
    repeatable: bool = False,
) -> tuple[int, Headers, bytes]:
    target = upstream.target(b"/v1/x")
    asked = upstream.send(method, target, headers or [], body, retryable=repeatable)
    async with await asked as response:
        content = b"".join([piece async for piece in response.iter_body()])
    return response.status, response.headers, content


async def test_path_and_headers_arrive_as_the_client_wrote_them() -> None:
    odd = b"/v1/a%2Fb/../c/./d%2e%2e/'\\{}|^`"
    async with scripted(answering(OK)) as teacher:
        with toward(teacher) as upstream:
            target = upstream.target(odd, b"x=%20y&x='\"{}|\\^`<>")
            headers = [(b"x-b", b"caf\xe9"), (b"x-a", b"1"), (b"x-b", b"2")]
            async with await upstream.send("GET", target, headers, None):
                pass
    authority = teacher.url.removeprefix("http://").removesuffix("/v1").encode()
    assert teacher.requests == [
        b"GET %s?x=%%20y&x='\"{}|\\^`<> HTTP/1.1\r\nhost: %s\r\n" % (odd, authority)
        + b"x-b: caf\xe9\r\nx-a: 1\r\nx-b: 2\r\n\r\n"
    ]


async def test_response_headers_keep_their_order_and_their_bytes() -> None:
    answer = (
        b"HTTP/1.1 200 OK\r\nX-One: a\r\nSet-Cookie: a=1\r\nx-odd: caf\xe9\r\n"
        b"Set-Cookie: b=2\r\nX-one: b\r\ncontent-length: 0\r\n\r\n"
    )
    async with scripted(answering(answer)) as teacher:
        with toward(teacher) as upstream:
            _, headers, _ = await ask(upstream)
    assert headers == [
        (b"x-one", b"a"),
        (b"set-cookie", b"a=1"),
        (b"x-odd", b"caf\xe9"),
        (b"set-cookie", b"b=2"),
        (b"x-one", b"b"),
        (b"content-length", b"0"),
    ]


async def test_a_connection_serves_request_after_request() -> None:
    async with scripted(answering(OK, OK, OK)) as teacher:
        with toward(teacher) as upstream:
            answers = [await ask(upstream) for _ in range(3)]
    assert [(status, content) for status, _, content in answers] == [(200, b"hi")] * 3
    assert teacher.connections == 1


@pytest.mark.slow
async def test_an_idle_connection_is_closed_before_servers_usually_do() -> None:
    async with scripted(answering(OK)) as teacher:
        with toward(teacher) as upstream:
            await ask(upstream)
            assert teacher.ended == 0
            await until(lambda: teacher.ended == 1)


@pytest.mark.parametrize(
    "more",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil",
        b"anything",
        b"\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ],
)
async def test_what_follows_an_answer_unasked_reaches_no_other_client(
    more: bytes,
) -> None:
    async with scripted(answering(OK + more, OK)) as teacher:
        with toward(teacher) as upstream:
            answers = [await ask(upstream) for _ in range(2)]
    assert [content for _, _, content in answers] == [b"hi", b"hi"]
    assert teacher.connections == 2


@pytest.mark.parametrize(
    "begun", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab"]
)
async def test_whoever_leaves_ends_the_teachers_work_before_and_within_an_answer(
    begun: bytes,
) -> None:
    async with scripted(answering(begun)) as teacher:
        with toward(teacher) as upstream:
            asking = asyncio.create_task(ask(upstream))
            await until(lambda: len(teacher.requests) == 1)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            await until(lambda: teacher.ended == 1)


@pytest.mark.parametrize(
    "framing", [b"content-length: 10", b"transfer-encoding: chunked"]
)
async def test_an_answer_that_breaks_off_is_never_taken_for_whole(
    framing: bytes,
) -> None:
    begun = b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n2\r\nhi\r\n"
    async with scripted(answering(begun, linger=False)) as teacher:
        with toward(teacher) as upstream:
            async with await upstream.send("GET", b"/", [], None) as response:
                pieces = response.iter_body()
                found = await anext(pieces)
                with pytest.raises(TransportError):
                    await anext(pieces)
    assert found.strip(b"2\r\n") == b"hi"


async def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    script = answering(b"HTTP/1.1 200 OK\r\n\r\nall of it", linger=False)
    async with scripted(script) as teacher:
        with toward(teacher) as upstream:
            assert (await ask(upstream))[2] == b"all of it"


@pytest.mark.parametrize(
    ("method", "answer", "status"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n", 200),
        ("GET", b"HTTP/1.1 204 No\r\n\r\n", 204),
        ("GET", b"HTTP/1.1 304 No\r\ncontent-length: 20\r\n\r\n", 304),
    ],
)
async def test_an_answer_that_has_no_body_is_whole_at_once(
    method: str, answer: bytes, status: int
) -> None:
    async with scripted(answering(answer)) as teacher:
        with toward(teacher) as upstream:
            found = await ask(upstream, method)
    assert (found[0], found[2]) == (status, b"")


async def test_interim_answers_are_passed_over() -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
    async with scripted(answering(hints + hints + OK, OK)) as teacher:
        with toward(teacher) as upstream:
            answers = [await ask(upstream) for _ in range(2)]
    assert [headers for _, headers, _ in answers] == [[(b"content-length", b"2")]] * 2
    assert teacher.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 20",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 101 Switch\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 300_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n",
    ],
)
async def test_what_is_no_answer_is_said_to_be_none(answer: bytes) -> None:
    async with scripted(answering(answer, linger=False)) as teacher:
        with toward(teacher) as upstream:
            with pytest.raises(TeacherUnreachable):
                await ask(upstream)
            assert upstream.state.reachable is False


async def test_a_stale_connection_fails_nobody_who_may_ask_again() -> None:
    async def script(
        teacher: RawTeacher, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await answering(OK, b"", linger=False)(teacher, reader, writer)

    async with scripted(script) as teacher:
        with toward(teacher) as upstream:
            for _ in range(2):
                assert (await ask(upstream, "POST", repeatable=True))[0] == 200
                assert (await ask(upstream))[0] == 200


async def test_a_call_with_effects_is_never_sent_twice() -> None:
    async with scripted(answering(OK, b"", linger=False)) as teacher:
        with toward(teacher) as upstream:
            await ask(upstream, "POST")
            with pytest.raises(TeacherUnreachable):
                await ask(upstream, "POST")
    assert (teacher.connections, len(teacher.requests)) == (1, 2)


@pytest.mark.parametrize(
    ("length", "framing", "body"),
    [
        (None, b"transfer-encoding: chunked", b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
        (5, b"content-length: 5", b"abcde"),
    ],
)
async def test_an_upload_arrives_as_it_was_announced(
    length: int | None, framing: bytes, body: bytes
) -> None:
    got = b""

    async def script(
        teacher: RawTeacher, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        nonlocal got
        await teacher.read_head(reader)
        got = await reader.readexactly(len(body))
        writer.write(OK)
        await reader.read()

    async with scripted(script) as teacher:
        with toward(teacher) as upstream:
            upload = RequestBody(pieces_of(b"abc", b"de"), length)
            assert (await ask(upstream, "PUT", [], upload))[2] == b"hi"
    assert got == body
    assert framing in teacher.requests[0]


async def test_an_answer_in_the_midst_of_an_upload_is_given_at_once() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"z" * 65_536
            await asyncio.sleep(0)

    refusal = b"HTTP/1.1 413 Too large\r\ncontent-length: 2\r\n\r\nno"
    async with scripted(answering(refusal)) as teacher:
        with toward(teacher) as upstream:
            found = await ask(upstream, "PUT", [], RequestBody(endless(), None))
            await until(lambda: teacher.ended == 1)
    assert (found[0], found[2]) == (413, b"no")


async def test_a_client_that_leaves_within_its_upload_is_said_to_have_left() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"the first half"
        raise ClientDisconnected

    async with scripted(answering(b"")) as teacher:
        with toward(teacher) as upstream:
            with pytest.raises(ClientDisconnected):
                await ask(upstream, "PUT", [], RequestBody(broken(), 1000))
            await until(lambda: teacher.ended == 1)


async def test_a_client_that_does_not_read_stops_the_teacher_from_sending() -> None:
    size = 100 * MEBIBYTE

    async def script(
        teacher: RawTeacher, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await teacher.read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size)
        for _ in range(100):
            writer.write(bytes(MEBIBYTE))
            await writer.drain()
            teacher.sent += MEBIBYTE

    async with scripted(script) as teacher:
        with toward(teacher) as upstream:
            async with await upstream.send("GET", b"/", [], None) as response:
                before = -1
                while before < teacher.sent:  # until the sockets' buffers are full
                    before = teacher.sent
                    await asyncio.sleep(0.2)
                held = teacher.sent
                pieces = [len(piece) async for piece in response.iter_body()]
    assert held < 32 * MEBIBYTE
    assert sum(pieces) == size
    assert max(pieces) <= MEBIBYTE
