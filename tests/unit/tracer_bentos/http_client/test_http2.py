"""Features of HTTP/2 only: concurrent streams, windows, GOAWAY, and pings."""

import asyncio
import logging
import os
import random
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from h2.errors import ErrorCodes
from h2.settings import SettingCodes

from support.http2_teacher import (
    Http2Teacher,
    Http2TeacherConnection,
    ReceivedRequest,
    http2_scripted,
    responding,
)
from support.raw_teacher import OK, RawTeacher, answering, scripted
from support.serving_plane import until
from support.upstream_calls import chunks_of, send_request
from tracer_bentos.http_client import connector, http2, pool
from tracer_bentos.http_client.connection import Headers, RequestBody, TransportError
from tracer_bentos.serving.http_server.headers import request_headers
from tracer_bentos.serving.upstream.teacher import TeacherClient, TeacherUnreachable
from tracer_core.contracts.runtime import HttpVersion

LOOPBACK = Path(__file__).parents[3] / "support" / "certificates" / "loopback.pem"
STATUS_OK = [(b":status", b"200")]
KIBIBYTE = 1024
INPUTS = int(os.environ.get("TRACER_FUZZ_INPUTS", "1500")) // 3
"""Inputs of the fuzz test; more of them on demand."""


@contextmanager
def client_for(teacher: Http2Teacher | RawTeacher) -> Iterator[TeacherClient]:
    upstream = TeacherClient(teacher.url, authorities=LOOPBACK, http=HttpVersion.HTTP2)
    yield upstream
    upstream.close()
    assert upstream.connections == 0


def tls_context(*protocols: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(LOOPBACK)
    if protocols:
        context.set_alpn_protocols(list(protocols))
    return context


# Negotiation.


async def test_a_teacher_with_tls_that_offers_http_2_gets_http_2() -> None:
    async with http2_scripted(responding(), tls_context("h2", "http/1.1")) as teacher:
        with client_for(teacher) as upstream:
            answers = [await send_request(upstream) for _ in range(3)]
    assert [(status, content) for status, _, content in answers] == [(200, b"hi")] * 3
    assert (teacher.connections, len(teacher.requests)) == (1, 3)
    assert dict(teacher.requests[0].fields)[b":scheme"] == b"https"


@pytest.mark.parametrize("protocols", [(), ("http/1.1",)])
async def test_a_teacher_with_tls_without_http_2_gets_http_1(
    protocols: tuple[str, ...],
) -> None:
    async with scripted(answering(OK, OK), tls_context(*protocols)) as teacher:
        with client_for(teacher) as upstream:
            answers = [
                await send_request(upstream, method="GET", body=None) for _ in range(2)
            ]
    assert [content for _, _, content in answers] == [b"hi", b"hi"]
    assert teacher.connections == 1
    assert teacher.requests[0].startswith(b"GET /v1/x HTTP/1.1\r\n")


async def test_concurrent_calls_to_a_teacher_without_http_2_get_their_responses() -> (
    None
):
    async with scripted(answering(OK), tls_context("http/1.1")) as teacher:
        with client_for(teacher) as upstream:
            calls = [send_request(upstream, method="GET", body=None) for _ in range(5)]
            answers = await asyncio.gather(*calls)
    assert [content for _, _, content in answers] == [b"hi"] * 5
    assert teacher.connections == 5


async def test_a_teacher_without_tls_and_http_2_is_reported() -> None:
    async with scripted(answering(b"HTTP/1.1 400 No\r\n\r\n")) as teacher:
        with client_for(teacher) as upstream:
            with pytest.raises(TeacherUnreachable, match="does not support HTTP/2"):
                await send_request(upstream)
            await until(lambda: teacher.ended == 1)


async def test_a_teacher_that_sends_nothing_times_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connector, "CONNECT_SECONDS", 0.1)
    async with scripted(answering(b"")) as teacher:
        with client_for(teacher) as upstream:
            with pytest.raises(
                TeacherUnreachable, match=r"cannot connect .*: timed out after"
            ):
                await send_request(upstream)
            await until(lambda: teacher.ended == 1)


# Headers.


async def test_no_client_header_becomes_a_pseudo_header_or_connection_header() -> None:
    sent = [
        (b":path", b"/other"),
        (b":authority", b"other"),
        (b"connection", b"x-mine"),
        (b"x-mine", b"1"),
        (b"keep-alive", b"1"),
        (b"proxy-connection", b"1"),
        (b"transfer-encoding", b"chunked"),
        (b"te", b"trailers"),
        (b"upgrade", b"h2c"),
        (b"http2-settings", b"x"),
        (b"host", b"other"),
        (b"X-Upper", b"1"),
        (b"x space", b"1"),
        (b"x-broken", b"a\r\nx-evil: 1"),
        (b"cookie", b"a=1"),
        (b"cookie", b"b=2"),
        (b"x-odd", b"caf\xe9"),
    ]
    async with http2_scripted(responding()) as teacher:
        with client_for(teacher) as upstream:
            forwarded = request_headers(sent, readable=False, key=None)
            await send_request(upstream, headers=forwarded)
            await send_request(upstream, headers=sent)
    authority = teacher.url.removeprefix("http://").removesuffix("/v1").encode()
    pseudo = [
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b":authority", authority),
        (b":path", b"/v1/x"),
    ]
    kept = [(b"x-odd", b"caf\xe9"), (b"content-length", b"8")]
    cookies = [(b"cookie", b"a=1; b=2")]  # joined by the library of the teacher
    assert sorted(teacher.requests[0].fields) == sorted([*pseudo, *kept, *cookies])
    assert sorted(teacher.requests[1].fields) == sorted(
        [*pseudo, *kept, *cookies, (b"x-mine", b"1")]
    )


@pytest.mark.parametrize(
    "fields",
    [
        [(b"x", b"no status")],
        [(b":status", b"20x")],
        [(b":status", b"200"), (b":path", b"/")],
        [(b":status", b"200"), (b":status", b"200")],
        [(b":status", b"999")],
        [(b":status", b"200"), (b"x-evil", b"a\r\nset-cookie: b")],
        [(b":status", b"200"), (b"x evil", b"a")],
        [(b":status", b"200"), (b"x", b"y" * 300 * KIBIBYTE)],
    ],
)
async def test_a_malformed_response_fails_only_its_own_call(
    fields: Headers,
) -> None:
    release = asyncio.Event()

    async def script(
        connection: Http2TeacherConnection, request: ReceivedRequest
    ) -> None:
        if request.path == b"/v1/odd":
            connection.head(request, fields, last=True)
            return
        await release.wait()
        await connection.answer(request, STATUS_OK, b"hi")

    async with http2_scripted(script) as teacher:
        with client_for(teacher) as upstream:
            other = asyncio.create_task(send_request(upstream))
            await until(lambda: len(teacher.requests) == 1)
            with pytest.raises(TeacherUnreachable):
                await send_request(upstream, b"/v1/odd")
            release.set()
            assert (await other)[2] == b"hi"
    assert teacher.connections == 1


async def test_interim_responses_and_trailers_are_ignored() -> None:
    async def script(
        connection: Http2TeacherConnection, request: ReceivedRequest
    ) -> None:
        connection.head(request, [(b":status", b"103"), (b"link", b"x")])
        connection.head(request, [*STATUS_OK, (b"x-one", b"1")])
        await connection.body(request, b"hi")
        connection.head(request, [(b"x-trailer", b"1")], last=True)

    async with http2_scripted(script) as teacher:
        with client_for(teacher) as upstream:
            answers = [await send_request(upstream) for _ in range(2)]
    assert answers == [(200, [(b"x-one", b"1")], b"hi")] * 2
    assert teacher.connections == 1


# Concurrent calls.


async def test_two_hundred_concurrent_calls_need_few_connections() -> None:
    release = asyncio.Event()

    async def script(
        connection: Http2TeacherConnection, request: ReceivedRequest
    ) -> None:
        await release.wait()
        await connection.answer(request, STATUS_OK, bytes(request.body))

    limit = {SettingCodes.MAX_CONCURRENT_STREAMS: 50}
    async with http2_scripted(script, settings=limit) as teacher:
        with client_for(teacher) as upstream:
            bodies = [b"%d" % number for number in range(200)]
            call = [
                asyncio.create_task(send_request(upstream, body=body))
                for body in bodies
            ]
            await until(lambda: len(teacher.requests) == 200)
            in_use = upstream.connections
            release.set()
            answers = await asyncio.gather(*call)
    assert [content for _, _, content in answers] == bodies
    assert in_use == teacher.connections
    assert 4 <= teacher.connections <= 6
    assert max(connection.max_concurrent for connection in teacher.accepted) == 50


async def test_a_teacher_that_allows_no_stream_is_reported() -> None:
    limit = {SettingCodes.MAX_CONCURRENT_STREAMS: 0}
    async with http2_scripted(responding(), settings=limit) as teacher:
        with client_for(teacher) as upstream:
            with pytest.raises(TeacherUnreachable, match="allows no stream on a new"):
                await send_request(upstream)
            await until(lambda: teacher.ended == teacher.connections == 1)


async def test_a_cancelled_call_does_not_end_other_calls() -> None:
    release = asyncio.Event()

    async def script(
        connection: Http2TeacherConnection, request: ReceivedRequest
    ) -> None:
        connection.head(request, STATUS_OK)
        await release.wait()
        await connection.body(request, b"hi", last=True)

    async with http2_scripted(script) as teacher:
        with client_for(teacher) as upstream:
            other, cancelled = (
                asyncio.create_task(send_request(upstream)) for _ in range(2)
            )
            await until(lambda: len(teacher.requests) == 2)
            cancelled.cancel()
            await until(lambda: teacher.reset_codes == [ErrorCodes.CANCEL])
            release.set()
            assert (await other)[2] == b"hi"
            assert (await send_request(upstream))[2] == b"hi"
    assert teacher.connections == 1


async def test_a_slow_client_does_not_delay_other_calls_on_the_connection() -> None:
    size = 4 * 1024 * KIBIBYTE

    async def script(
        connection: Http2TeacherConnection, request: ReceivedRequest
    ) -> None:
        await connection.answer(
            request, STATUS_OK, bytes(size if request.path == b"/v1/l" else 9)
        )

    async with http2_scripted(script) as teacher:
        with client_for(teacher) as upstream:
            target = upstream.target(b"/v1/l")
            async with await upstream.send("GET", target, [], None) as slow:
                await until(lambda: teacher.sent == 256 * KIBIBYTE)
                quick = [len((await send_request(upstream))[2]) for _ in range(50)]
                sent_unread = teacher.sent
                content = [len(chunk) async for chunk in slow.iter_body()]
    assert (quick, sum(content)) == ([9] * 50, size)
    assert sent_unread == 256 * KIBIBYTE + 50 * 9
    assert max(content) <= 256 * KIBIBYTE
    assert teacher.connections == 1


async def test_an_upload_waits_for_the_window_of_the_teacher_and_can_be_cancelled() -> (
    None
):
    read: list[int] = []

    async def large() -> AsyncIterator[bytes]:
        for _ in range(100):
            read.append(16 * KIBIBYTE)
            yield bytes(16 * KIBIBYTE)

    async def never(_: Http2TeacherConnection, __: ReceivedRequest) -> None:
        await asyncio.Event().wait()

    async with http2_scripted(never, grants_windows=False) as teacher:
        with client_for(teacher) as upstream:
            call = asyncio.create_task(
                send_request(upstream, body=RequestBody(large(), None))
            )
            await until(
                lambda: (
                    bool(teacher.requests) and len(teacher.requests[0].body) == 65_535
                )
            )
            call.cancel()
            await until(lambda: teacher.reset_codes == [ErrorCodes.CANCEL])
    assert sum(read) <= 80 * KIBIBYTE


async def test_a_response_during_an_upload_is_returned_immediately() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(16 * KIBIBYTE)
            await asyncio.sleep(0)

    async def script(
        connection: Http2TeacherConnection, request: ReceivedRequest
    ) -> None:
        connection.head(request, [(b":status", b"413")])
        await connection.body(request, b"no")
        connection.h2.end_stream(request.number)
        connection.flush()

    async with http2_scripted(script) as teacher:
        with client_for(teacher) as upstream:
            received = await send_request(upstream, body=RequestBody(endless(), None))
            await until(lambda: teacher.reset_codes == [ErrorCodes.CANCEL])
    assert (received[0], received[2]) == (413, b"no")


# GOAWAY and refused streams.


async def test_after_goaway_processed_streams_end_and_others_are_retried() -> None:
    async def script(
        connection: Http2TeacherConnection, request: ReceivedRequest
    ) -> None:
        if request.number == 3:
            await request.ended.wait()
            connection.go_away(last=1)
            await connection.body(teacher.requests[0], b"first", last=True)
        elif connection is teacher.accepted[0]:
            connection.head(request, STATUS_OK)
        else:
            await request.ended.wait()
            await connection.answer(request, STATUS_OK, b"second")

    async with http2_scripted(script) as teacher:
        with client_for(teacher) as upstream:
            first = asyncio.create_task(send_request(upstream))
            await until(lambda: len(teacher.requests) == 1)
            upload = RequestBody(chunks_of(b"to", b"gether"), None)
            second = await send_request(upstream, body=upload)
            assert (await first)[2] == b"first"
    assert second[2] == b"second"
    assert [bytes(request.body) for request in teacher.requests[1:]] == [
        b"together"
    ] * 2
    assert teacher.connections == 2


async def test_a_connection_with_goaway_gets_no_new_call_and_is_closed() -> None:
    async def script(
        connection: Http2TeacherConnection, request: ReceivedRequest
    ) -> None:
        await request.ended.wait()
        await connection.answer(request, STATUS_OK, b"hi")
        connection.go_away(last=request.number)

    async with http2_scripted(script) as teacher:
        with client_for(teacher) as upstream:
            for number in range(1, 4):
                assert (await send_request(upstream))[2] == b"hi"
                await until(lambda: teacher.ended == number)  # noqa: B023 - awaited here
    assert teacher.connections == 3


async def test_a_refused_request_is_retried_with_any_method() -> None:
    async def script(
        connection: Http2TeacherConnection, request: ReceivedRequest
    ) -> None:
        if len(teacher.requests) == 1:
            connection.reset(request, ErrorCodes.REFUSED_STREAM)
        else:
            await connection.answer(request, STATUS_OK, b"hi")

    async with http2_scripted(script) as teacher:
        with client_for(teacher) as upstream:
            assert (await send_request(upstream))[2] == b"hi"
    assert (len(teacher.requests), teacher.connections) == (2, 1)


async def test_a_teacher_that_refuses_all_requests_is_unreachable() -> None:
    async def script(
        connection: Http2TeacherConnection, request: ReceivedRequest
    ) -> None:
        connection.reset(request, ErrorCodes.REFUSED_STREAM)

    async with http2_scripted(script) as teacher:
        refused = pytest.raises(TeacherUnreachable, match="REFUSED_STREAM")
        with client_for(teacher) as upstream, refused:
            await send_request(upstream)
    assert len(teacher.requests) == 3


async def test_a_large_refused_upload_cannot_be_retried() -> None:
    async def script(
        connection: Http2TeacherConnection, request: ReceivedRequest
    ) -> None:
        await request.ended.wait()
        connection.reset(request, ErrorCodes.REFUSED_STREAM)

    async with http2_scripted(script) as teacher:
        with client_for(teacher) as upstream:
            upload = RequestBody(chunks_of(*[bytes(16 * KIBIBYTE)] * 5), None)
            with pytest.raises(TeacherUnreachable, match="REFUSED_STREAM"):
                await send_request(upstream, body=upload)
    assert len(teacher.requests) == 1


@pytest.mark.parametrize("how", ["reset", "go_away", "close"])
async def test_a_request_that_may_have_had_effects_is_never_sent_twice(
    how: str,
) -> None:
    async def script(
        connection: Http2TeacherConnection, request: ReceivedRequest
    ) -> None:
        await request.ended.wait()
        if request.number == 1:
            await connection.answer(request, STATUS_OK, b"hi")
        elif how == "reset":
            connection.reset(request, ErrorCodes.INTERNAL_ERROR)
        else:
            if how == "go_away":
                connection.go_away(request.number, ErrorCodes.INTERNAL_ERROR)
            connection.close()

    async with http2_scripted(script) as teacher:
        with client_for(teacher) as upstream:
            await send_request(upstream)
            with pytest.raises(TeacherUnreachable):
                await send_request(upstream)
    assert len(teacher.requests) == 2


async def test_an_idempotent_request_is_retried_after_a_closed_connection() -> None:
    async def script(
        connection: Http2TeacherConnection, request: ReceivedRequest
    ) -> None:
        await request.ended.wait()
        if request.number == 1:
            await connection.answer(request, STATUS_OK, b"hi")
        else:
            connection.close()

    async with http2_scripted(script) as teacher:
        with client_for(teacher) as upstream:
            for _ in range(2):
                assert (await send_request(upstream, method="GET", body=None))[
                    2
                ] == b"hi"
    assert len(teacher.requests) == 3


async def test_a_reset_response_is_an_error() -> None:
    async def script(
        connection: Http2TeacherConnection, request: ReceivedRequest
    ) -> None:
        connection.head(request, STATUS_OK)
        await connection.body(request, b"the first half")
        connection.reset(request, ErrorCodes.NO_ERROR)

    async with http2_scripted(script) as teacher:
        with client_for(teacher) as upstream:
            with pytest.raises(TransportError, match="reset the stream: NO_ERROR"):
                await send_request(upstream)
            assert upstream.state.reachable is True


@pytest.mark.parametrize(
    "junk",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"\xff" * 100,
        b"\0\0\x04\x03\0\0\0\0\0\0\0\0\0",  # RST_STREAM without a stream
        b"\0\0\x04\x07\0\0\0\0\0\0\0\0\0",  # GOAWAY without an error code
        b"\0\0\x01\x00\0\0\0\0\x63x",  # DATA of an unknown stream
    ],
)
async def test_invalid_http_2_fails_the_calls_and_closes_the_connection(
    junk: bytes,
) -> None:
    async def script(
        connection: Http2TeacherConnection, request: ReceivedRequest
    ) -> None:
        await request.ended.wait()
        connection.raw(junk)

    async with http2_scripted(script) as teacher:
        with client_for(teacher) as upstream:
            with pytest.raises(TeacherUnreachable, match="invalid HTTP/2"):
                await send_request(upstream)
            await until(lambda: teacher.ended == 1)


async def test_arbitrary_bytes_of_a_teacher_are_never_an_internal_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    chance = random.Random(11)  # noqa: S311 - the same inputs each time
    caplog.set_level(logging.ERROR)
    fields = [*STATUS_OK, (b"content-length", b"4"), (b"x-one", b"1")]

    def mutate(content: bytes) -> bytes:
        mutated = bytearray(content)
        for _ in range(chance.choice([0, 0, 1, 2])):
            position = chance.randrange(len(mutated))
            match chance.randrange(3):
                case 0:
                    mutated[position] = chance.randrange(256)
                case 1:
                    del mutated[position : position + chance.randint(1, 9)]
                case _:
                    end = position + chance.randint(1, 20)
                    mutated[position:position] = mutated[position:end]
            mutated = mutated or bytearray(b"x")
        return bytes(mutated)

    async def script(
        connection: Http2TeacherConnection, request: ReceivedRequest
    ) -> None:
        await request.ended.wait()
        connection.transform = mutate
        connection.head(request, fields)
        await connection.body(request, b"four", last=True)
        await connection.close_after_flush()

    ends: Counter[str] = Counter()
    async with http2_scripted(script) as teacher:
        with client_for(teacher) as upstream:
            for _ in range(INPUTS):
                try:
                    await send_request(upstream)
                    ends["answered"] += 1
                except (TeacherUnreachable, TransportError) as error:
                    ends[type(error).__name__] += 1
    assert ends.keys() == {"answered", "TeacherUnreachable", "TransportError"}
    assert [record.message for record in caplog.records] == []


# Liveness.


async def test_a_teacher_that_does_not_respond_to_a_ping_is_unreachable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http2, "PING_SECONDS", 0.05)

    async def script(connection: Http2TeacherConnection, _: ReceivedRequest) -> None:
        connection.silent = True

    async with http2_scripted(script) as teacher:
        no_ping = pytest.raises(TeacherUnreachable, match="did not respond to a ping")
        with client_for(teacher) as upstream, no_ping:
            await send_request(upstream)
    assert teacher.accepted[0].pings == 1


async def test_a_slow_teacher_that_responds_to_pings_has_no_time_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http2, "PING_SECONDS", 0.02)

    async def script(
        connection: Http2TeacherConnection, request: ReceivedRequest
    ) -> None:
        await until(lambda: connection.pings >= 5)
        await connection.answer(request, STATUS_OK, b"hi")

    async with http2_scripted(script) as teacher:
        with client_for(teacher) as upstream:
            assert (await send_request(upstream))[2] == b"hi"
    assert teacher.connections == 1


async def test_an_idle_connection_is_closed_after_its_timeout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool, "SWEEP_SECONDS", 0.01)
    monkeypatch.setattr(http2.Http2Connection, "idle_timeout", 0.05)
    async with http2_scripted(responding()) as teacher:
        with client_for(teacher) as upstream:
            await send_request(upstream)
            await until(lambda: teacher.ended == 1)
            assert (await send_request(upstream))[2] == b"hi"
    assert teacher.connections == 2
