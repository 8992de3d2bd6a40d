"""HTTP/1.1 to the teacher: exact bytes, reported failures, no leaked connection."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest

from support.raw_teacher import OK, RawTeacher, answering, scripted
from support.serving_plane import until
from support.upstream_calls import chunks_of
from tracer_bentos.http_client.connection import Headers, RequestBody, TransportError
from tracer_bentos.serving.http_server.exchange import ClientDisconnected
from tracer_bentos.serving.upstream.teacher import TeacherClient, TeacherUnreachable

MEBIBYTE = 1024 * 1024


@contextmanager
def client_for(teacher: RawTeacher) -> Iterator[TeacherClient]:
    upstream = TeacherClient(teacher.url)
    yield upstream
    upstream.close()
    assert upstream.connections == 0


async def send_request(
    upstream: TeacherClient,
    method: str = "GET",
    headers: Headers | None = None,
    body: bytes | RequestBody | None = None,
    *,
    retryable: bool = False,
) -> tuple[int, Headers, bytes]:
    target = upstream.target(b"/v1/x")
    response_soon = upstream.send(
        method, target, headers or [], body, retryable=retryable
    )
    async with await response_soon as response:
        content = b"".join([chunk async for chunk in response.iter_body()])
    return response.status, response.headers, content


async def test_path_and_headers_arrive_as_the_client_sent_them() -> None:
    path = b"/v1/a%2Fb/../c/./d%2e%2e/'\\{}|^`"
    async with scripted(answering(OK)) as teacher:
        with client_for(teacher) as upstream:
            target = upstream.target(path, b"x=%20y&x='\"{}|\\^`<>")
            headers = [(b"x-b", b"caf\xe9"), (b"x-a", b"1"), (b"x-b", b"2")]
            async with await upstream.send("GET", target, headers, None):
                pass
    authority = teacher.url.removeprefix("http://").removesuffix("/v1").encode()
    assert teacher.requests == [
        b"GET %s?x=%%20y&x='\"{}|\\^`<> HTTP/1.1\r\nhost: %s\r\n" % (path, authority)
        + b"x-b: caf\xe9\r\nx-a: 1\r\nx-b: 2\r\n\r\n"
    ]


async def test_response_headers_keep_their_order_and_bytes() -> None:
    answer = (
        b"HTTP/1.1 200 OK\r\nX-One: a\r\nSet-Cookie: a=1\r\nx-path: caf\xe9\r\n"
        b"Set-Cookie: b=2\r\nX-one: b\r\ncontent-length: 0\r\n\r\n"
    )
    async with scripted(answering(answer)) as teacher:
        with client_for(teacher) as upstream:
            _, headers, _ = await send_request(upstream)
    assert headers == [
        (b"x-one", b"a"),
        (b"set-cookie", b"a=1"),
        (b"x-path", b"caf\xe9"),
        (b"set-cookie", b"b=2"),
        (b"x-one", b"b"),
        (b"content-length", b"0"),
    ]


async def test_a_connection_is_reused_for_later_requests() -> None:
    async with scripted(answering(OK, OK, OK)) as teacher:
        with client_for(teacher) as upstream:
            answers = [await send_request(upstream) for _ in range(3)]
    assert [(status, content) for status, _, content in answers] == [(200, b"hi")] * 3
    assert teacher.connections == 1


@pytest.mark.slow
async def test_an_idle_connection_is_closed_before_most_servers_close_it() -> None:
    async with scripted(answering(OK)) as teacher:
        with client_for(teacher) as upstream:
            await send_request(upstream)
            assert teacher.ended == 0
            await until(lambda: teacher.ended == 1)


@pytest.mark.parametrize(
    "excess",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil",
        b"anything",
        b"\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ],
)
async def test_excess_data_after_a_response_does_not_reach_other_clients(
    excess: bytes,
) -> None:
    async with scripted(answering(OK + excess, OK)) as teacher:
        with client_for(teacher) as upstream:
            answers = [await send_request(upstream) for _ in range(2)]
    assert [content for _, _, content in answers] == [b"hi", b"hi"]
    assert teacher.connections == 2


@pytest.mark.parametrize(
    "started", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab"]
)
async def test_a_cancelled_call_ends_before_and_within_the_response(
    started: bytes,
) -> None:
    async with scripted(answering(started)) as teacher:
        with client_for(teacher) as upstream:
            call = asyncio.create_task(send_request(upstream))
            await until(lambda: len(teacher.requests) == 1)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            await until(lambda: teacher.ended == 1)


@pytest.mark.parametrize(
    "framing", [b"content-length: 10", b"transfer-encoding: chunked"]
)
async def test_an_incomplete_response_is_an_error(
    framing: bytes,
) -> None:
    started = b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n2\r\nhi\r\n"
    async with scripted(answering(started, linger=False)) as teacher:
        with client_for(teacher) as upstream:
            async with await upstream.send("GET", b"/", [], None) as response:
                chunks = response.iter_body()
                received = await anext(chunks)
                with pytest.raises(TransportError):
                    await anext(chunks)
    assert received.strip(b"2\r\n") == b"hi"


async def test_a_response_without_a_length_ends_with_its_connection() -> None:
    script = answering(b"HTTP/1.1 200 OK\r\n\r\nall of it", linger=False)
    async with scripted(script) as teacher:
        with client_for(teacher) as upstream:
            assert (await send_request(upstream))[2] == b"all of it"


@pytest.mark.parametrize(
    ("method", "answer", "status"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n", 200),
        ("GET", b"HTTP/1.1 204 No\r\n\r\n", 204),
        ("GET", b"HTTP/1.1 304 No\r\ncontent-length: 20\r\n\r\n", 304),
    ],
)
async def test_a_response_without_a_body_is_complete_after_its_head(
    method: str, answer: bytes, status: int
) -> None:
    async with scripted(answering(answer)) as teacher:
        with client_for(teacher) as upstream:
            received = await send_request(upstream, method)
    assert (received[0], received[2]) == (status, b"")


async def test_interim_responses_are_ignored() -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
    async with scripted(answering(hints + hints + OK, OK)) as teacher:
        with client_for(teacher) as upstream:
            answers = [await send_request(upstream) for _ in range(2)]
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
async def test_an_invalid_response_is_an_unreachable_teacher(answer: bytes) -> None:
    async with scripted(answering(answer, linger=False)) as teacher:
        with client_for(teacher) as upstream:
            with pytest.raises(TeacherUnreachable):
                await send_request(upstream)
            assert upstream.state.reachable is False


async def test_a_retryable_request_is_retried_after_a_stale_connection() -> None:
    async def script(
        teacher: RawTeacher, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await answering(OK, b"", linger=False)(teacher, reader, writer)

    async with scripted(script) as teacher:
        with client_for(teacher) as upstream:
            for _ in range(2):
                assert (await send_request(upstream, "POST", retryable=True))[0] == 200
                assert (await send_request(upstream))[0] == 200


async def test_a_request_with_effects_is_never_sent_twice() -> None:
    async with scripted(answering(OK, b"", linger=False)) as teacher:
        with client_for(teacher) as upstream:
            await send_request(upstream, "POST")
            with pytest.raises(TeacherUnreachable):
                await send_request(upstream, "POST")
    assert (teacher.connections, len(teacher.requests)) == (1, 2)


@pytest.mark.parametrize(
    ("length", "framing", "body"),
    [
        (None, b"transfer-encoding: chunked", b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
        (5, b"content-length: 5", b"abcde"),
    ],
)
async def test_an_upload_arrives_with_the_announced_framing(
    length: int | None, framing: bytes, body: bytes
) -> None:
    body_read = b""

    async def script(
        teacher: RawTeacher, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        nonlocal body_read
        await teacher.read_head(reader)
        body_read = await reader.readexactly(len(body))
        writer.write(OK)
        await reader.read()

    async with scripted(script) as teacher:
        with client_for(teacher) as upstream:
            upload = RequestBody(chunks_of(b"abc", b"de"), length)
            assert (await send_request(upstream, "PUT", [], upload))[2] == b"hi"
    assert body_read == body
    assert framing in teacher.requests[0]


async def test_a_response_during_an_upload_is_returned_immediately() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"z" * 65_536
            await asyncio.sleep(0)

    refusal = b"HTTP/1.1 413 Too large\r\ncontent-length: 2\r\n\r\nno"
    async with scripted(answering(refusal)) as teacher:
        with client_for(teacher) as upstream:
            received = await send_request(
                upstream, "PUT", [], RequestBody(endless(), None)
            )
            await until(lambda: teacher.ended == 1)
    assert (received[0], received[2]) == (413, b"no")


async def test_a_disconnect_during_an_upload_is_reported_as_a_disconnect() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"the first half"
        raise ClientDisconnected

    async with scripted(answering(b"")) as teacher:
        with client_for(teacher) as upstream:
            with pytest.raises(ClientDisconnected):
                await send_request(upstream, "PUT", [], RequestBody(broken(), 1000))
            await until(lambda: teacher.ended == 1)


async def test_the_teacher_cannot_send_while_the_client_does_not_read() -> None:
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
        with client_for(teacher) as upstream:
            async with await upstream.send("GET", b"/", [], None) as response:
                previous = -1
                while previous < teacher.sent:  # until all buffers are full
                    previous = teacher.sent
                    await asyncio.sleep(0.2)
                sent_unread = teacher.sent
                chunks = [len(chunk) async for chunk in response.iter_body()]
    assert sent_unread < 32 * MEBIBYTE
    assert sum(chunks) == size
    assert max(chunks) <= MEBIBYTE
