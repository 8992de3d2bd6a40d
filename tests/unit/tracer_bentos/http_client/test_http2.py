"""What only HTTP/2 has: many calls on a connection, windows, goodbyes, pings."""

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
    Asked,
    Http2Line,
    Http2Teacher,
    http2_scripted,
    saying,
)
from support.raw_teacher import OK, RawTeacher, answering, scripted
from support.serving_plane import until
from support.upstream_calls import ask, pieces_of
from tracer_bentos.http_client import connector, http2, pool
from tracer_bentos.http_client.connection import Headers, RequestBody, TransportError
from tracer_bentos.serving.http_server.headers import request_headers
from tracer_bentos.serving.upstream.teacher import TeacherClient, TeacherUnreachable
from tracer_core.contracts.runtime import HttpVersion

LOOPBACK = Path(__file__).parents[3] / "support" / "certificates" / "loopback.pem"
OKAY = [(b":status", b"200")]
KIBIBYTE = 1024
INPUTS = int(os.environ.get("TRACER_FUZZ_INPUTS", "1500")) // 3
"""Inputs of the fuzz test; more of them on demand."""


@contextmanager
def toward(teacher: Http2Teacher | RawTeacher) -> Iterator[TeacherClient]:
    upstream = TeacherClient(teacher.url, authorities=LOOPBACK, http=HttpVersion.HTTP2)
    yield upstream
    upstream.close()
    assert upstream.connections == 0


def secure(*speaks: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(LOOPBACK)
    if speaks:
        context.set_alpn_protocols(list(speaks))
    return context


# What is spoken.


async def test_a_secure_teacher_that_offers_http_2_is_spoken_to_so() -> None:
    async with http2_scripted(saying(), secure("h2", "http/1.1")) as teacher:
        with toward(teacher) as upstream:
            answers = [await ask(upstream) for _ in range(3)]
    assert [(status, content) for status, _, content in answers] == [(200, b"hi")] * 3
    assert (teacher.connections, len(teacher.asked)) == (1, 3)
    assert dict(teacher.asked[0].fields)[b":scheme"] == b"https"


@pytest.mark.parametrize("speaks", [(), ("http/1.1",)])
async def test_a_secure_teacher_without_http_2_keeps_working(
    speaks: tuple[str, ...],
) -> None:
    async with scripted(answering(OK, OK), secure(*speaks)) as teacher:
        with toward(teacher) as upstream:
            answers = [await ask(upstream, method="GET", body=None) for _ in range(2)]
    assert [content for _, _, content in answers] == [b"hi", b"hi"]
    assert teacher.connections == 1
    assert teacher.requests[0].startswith(b"GET /v1/x HTTP/1.1\r\n")


async def test_many_at_once_to_a_teacher_without_http_2_get_their_answers() -> None:
    async with scripted(answering(OK), secure("http/1.1")) as teacher:
        with toward(teacher) as upstream:
            asked = [ask(upstream, method="GET", body=None) for _ in range(5)]
            answers = await asyncio.gather(*asked)
    assert [content for _, _, content in answers] == [b"hi"] * 5
    assert teacher.connections == 5


async def test_a_teacher_that_speaks_no_http_2_without_tls_is_said_to_speak_none() -> (
    None
):
    async with scripted(answering(b"HTTP/1.1 400 No\r\n\r\n")) as teacher:
        with toward(teacher) as upstream:
            with pytest.raises(TeacherUnreachable, match="speaks no HTTP/2"):
                await ask(upstream)
            await until(lambda: teacher.ended == 1)


async def test_a_teacher_that_says_nothing_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connector, "CONNECT_SECONDS", 0.1)
    async with scripted(answering(b"")) as teacher:
        with toward(teacher) as upstream:
            with pytest.raises(
                TeacherUnreachable, match=r"cannot connect .*: not with"
            ):
                await ask(upstream)
            await until(lambda: teacher.ended == 1)


# Headers.


async def test_no_header_of_a_client_becomes_one_of_the_connections() -> None:
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
    async with http2_scripted(saying()) as teacher:
        with toward(teacher) as upstream:
            passed = request_headers(sent, readable=False, key=None)
            await ask(upstream, headers=passed)
            await ask(upstream, headers=sent)
    authority = teacher.url.removeprefix("http://").removesuffix("/v1").encode()
    pseudo = [
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b":authority", authority),
        (b":path", b"/v1/x"),
    ]
    kept = [(b"x-odd", b"caf\xe9"), (b"content-length", b"8")]
    cookies = [(b"cookie", b"a=1; b=2")]  # as the library of the teacher joins them
    assert sorted(teacher.asked[0].fields) == sorted([*pseudo, *kept, *cookies])
    assert sorted(teacher.asked[1].fields) == sorted(
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
async def test_a_malformed_answer_ends_its_own_call_and_no_other(
    fields: Headers,
) -> None:
    go = asyncio.Event()

    async def script(line: Http2Line, asked: Asked) -> None:
        if asked.path == b"/v1/odd":
            line.head(asked, fields, last=True)
            return
        await go.wait()
        await line.answer(asked, OKAY, b"hi")

    async with http2_scripted(script) as teacher:
        with toward(teacher) as upstream:
            other = asyncio.create_task(ask(upstream))
            await until(lambda: len(teacher.asked) == 1)
            with pytest.raises(TeacherUnreachable):
                await ask(upstream, b"/v1/odd")
            go.set()
            assert (await other)[2] == b"hi"
    assert teacher.connections == 1


async def test_interim_answers_and_trailers_are_passed_over() -> None:
    async def script(line: Http2Line, asked: Asked) -> None:
        line.head(asked, [(b":status", b"103"), (b"link", b"x")])
        line.head(asked, [*OKAY, (b"x-one", b"1")])
        await line.body(asked, b"hi")
        line.head(asked, [(b"x-trailer", b"1")], last=True)

    async with http2_scripted(script) as teacher:
        with toward(teacher) as upstream:
            answers = [await ask(upstream) for _ in range(2)]
    assert answers == [(200, [(b"x-one", b"1")], b"hi")] * 2
    assert teacher.connections == 1


# Many calls.


async def test_two_hundred_at_once_need_few_connections() -> None:
    go = asyncio.Event()

    async def script(line: Http2Line, asked: Asked) -> None:
        await go.wait()
        await line.answer(asked, OKAY, bytes(asked.body))

    limit = {SettingCodes.MAX_CONCURRENT_STREAMS: 50}
    async with http2_scripted(script, settings=limit) as teacher:
        with toward(teacher) as upstream:
            bodies = [b"%d" % number for number in range(200)]
            asking = [asyncio.create_task(ask(upstream, body=each)) for each in bodies]
            await until(lambda: len(teacher.asked) == 200)
            in_use = upstream.connections
            go.set()
            answers = await asyncio.gather(*asking)
    assert [content for _, _, content in answers] == bodies
    assert in_use == teacher.connections
    assert 4 <= teacher.connections <= 6
    assert max(line.most_at_once for line in teacher.lines) == 50


async def test_a_teacher_that_takes_no_call_at_all_is_said_to_take_none() -> None:
    limit = {SettingCodes.MAX_CONCURRENT_STREAMS: 0}
    async with http2_scripted(saying(), settings=limit) as teacher:
        with toward(teacher) as upstream:
            with pytest.raises(TeacherUnreachable, match="takes no call"):
                await ask(upstream)
            await until(lambda: teacher.ended == teacher.connections == 1)


async def test_whoever_leaves_ends_their_own_call_and_no_other() -> None:
    go = asyncio.Event()

    async def script(line: Http2Line, asked: Asked) -> None:
        line.head(asked, OKAY)
        await go.wait()
        await line.body(asked, b"hi", last=True)

    async with http2_scripted(script) as teacher:
        with toward(teacher) as upstream:
            stays, leaves = (asyncio.create_task(ask(upstream)) for _ in range(2))
            await until(lambda: len(teacher.asked) == 2)
            leaves.cancel()
            await until(lambda: teacher.given_up == [ErrorCodes.CANCEL])
            go.set()
            assert (await stays)[2] == b"hi"
            assert (await ask(upstream))[2] == b"hi"
    assert teacher.connections == 1


async def test_a_slow_client_holds_up_nobody_else_on_the_connection() -> None:
    size = 4 * 1024 * KIBIBYTE

    async def script(line: Http2Line, asked: Asked) -> None:
        await line.answer(asked, OKAY, bytes(size if asked.path == b"/v1/l" else 9))

    async with http2_scripted(script) as teacher:
        with toward(teacher) as upstream:
            target = upstream.target(b"/v1/l")
            async with await upstream.send("GET", target, [], None) as slow:
                await until(lambda: teacher.sent == 256 * KIBIBYTE)
                quick = [len((await ask(upstream))[2]) for _ in range(50)]
                held = teacher.sent
                content = [len(piece) async for piece in slow.iter_body()]
    assert (quick, sum(content)) == ([9] * 50, size)
    assert held == 256 * KIBIBYTE + 50 * 9
    assert max(content) <= 256 * KIBIBYTE
    assert teacher.connections == 1


async def test_an_upload_waits_for_the_teachers_window_and_can_be_given_up() -> None:
    read: list[int] = []

    async def large() -> AsyncIterator[bytes]:
        for _ in range(100):
            read.append(16 * KIBIBYTE)
            yield bytes(16 * KIBIBYTE)

    async def never(_: Http2Line, __: Asked) -> None:
        await asyncio.Event().wait()

    async with http2_scripted(never, takes=False) as teacher:
        with toward(teacher) as upstream:
            asking = asyncio.create_task(ask(upstream, body=RequestBody(large(), None)))
            await until(
                lambda: bool(teacher.asked) and len(teacher.asked[0].body) == 65_535
            )
            asking.cancel()
            await until(lambda: teacher.given_up == [ErrorCodes.CANCEL])
    assert sum(read) <= 80 * KIBIBYTE


async def test_an_answer_in_the_midst_of_an_upload_is_given_at_once() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(16 * KIBIBYTE)
            await asyncio.sleep(0)

    async def script(line: Http2Line, asked: Asked) -> None:
        line.head(asked, [(b":status", b"413")])
        await line.body(asked, b"no")
        line.wire.end_stream(asked.number)
        line.flush()

    async with http2_scripted(script) as teacher:
        with toward(teacher) as upstream:
            found = await ask(upstream, body=RequestBody(endless(), None))
            await until(lambda: teacher.given_up == [ErrorCodes.CANCEL])
    assert (found[0], found[2]) == (413, b"no")


# Goodbyes and refusals.


async def test_a_goodbye_lets_what_was_looked_at_end_and_sends_the_rest_again() -> None:
    async def script(line: Http2Line, asked: Asked) -> None:
        if asked.number == 3:
            await asked.ended.wait()
            line.goodbye(last=1)
            await line.body(teacher.asked[0], b"first", last=True)
        elif line is teacher.lines[0]:
            line.head(asked, OKAY)
        else:
            await asked.ended.wait()
            await line.answer(asked, OKAY, b"second")

    async with http2_scripted(script) as teacher:
        with toward(teacher) as upstream:
            first = asyncio.create_task(ask(upstream))
            await until(lambda: len(teacher.asked) == 1)
            upload = RequestBody(pieces_of(b"to", b"gether"), None)
            second = await ask(upstream, body=upload)
            assert (await first)[2] == b"first"
    assert second[2] == b"second"
    assert [bytes(each.body) for each in teacher.asked[1:]] == [b"together"] * 2
    assert teacher.connections == 2


async def test_a_connection_that_said_goodbye_gets_no_new_call_and_is_closed() -> None:
    async def script(line: Http2Line, asked: Asked) -> None:
        await asked.ended.wait()
        await line.answer(asked, OKAY, b"hi")
        line.goodbye(last=asked.number)

    async with http2_scripted(script) as teacher:
        with toward(teacher) as upstream:
            for number in range(1, 4):
                assert (await ask(upstream))[2] == b"hi"
                await until(lambda: teacher.ended == number)  # noqa: B023 - awaited here
    assert teacher.connections == 3


async def test_a_refused_call_is_sent_again_whatever_its_method() -> None:
    async def script(line: Http2Line, asked: Asked) -> None:
        if len(teacher.asked) == 1:
            line.reset(asked, ErrorCodes.REFUSED_STREAM)
        else:
            await line.answer(asked, OKAY, b"hi")

    async with http2_scripted(script) as teacher:
        with toward(teacher) as upstream:
            assert (await ask(upstream))[2] == b"hi"
    assert (len(teacher.asked), teacher.connections) == (2, 1)


async def test_a_teacher_that_refuses_everything_is_unreachable() -> None:
    async def script(line: Http2Line, asked: Asked) -> None:
        line.reset(asked, ErrorCodes.REFUSED_STREAM)

    async with http2_scripted(script) as teacher:
        refused = pytest.raises(TeacherUnreachable, match="REFUSED_STREAM")
        with toward(teacher) as upstream, refused:
            await ask(upstream)
    assert len(teacher.asked) == 3


async def test_a_long_upload_that_is_refused_cannot_be_sent_again() -> None:
    async def script(line: Http2Line, asked: Asked) -> None:
        await asked.ended.wait()
        line.reset(asked, ErrorCodes.REFUSED_STREAM)

    async with http2_scripted(script) as teacher:
        with toward(teacher) as upstream:
            upload = RequestBody(pieces_of(*[bytes(16 * KIBIBYTE)] * 5), None)
            with pytest.raises(TeacherUnreachable, match="REFUSED_STREAM"):
                await ask(upstream, body=upload)
    assert len(teacher.asked) == 1


@pytest.mark.parametrize("how", ["reset", "goodbye", "close"])
async def test_a_call_that_may_have_had_effects_is_never_sent_twice(how: str) -> None:
    async def script(line: Http2Line, asked: Asked) -> None:
        await asked.ended.wait()
        if asked.number == 1:
            await line.answer(asked, OKAY, b"hi")
        elif how == "reset":
            line.reset(asked, ErrorCodes.INTERNAL_ERROR)
        else:
            if how == "goodbye":
                line.goodbye(asked.number, ErrorCodes.INTERNAL_ERROR)
            line.close()

    async with http2_scripted(script) as teacher:
        with toward(teacher) as upstream:
            await ask(upstream)
            with pytest.raises(TeacherUnreachable):
                await ask(upstream)
    assert len(teacher.asked) == 2


async def test_a_connection_found_closed_fails_nobody_who_may_ask_again() -> None:
    async def script(line: Http2Line, asked: Asked) -> None:
        await asked.ended.wait()
        if asked.number == 1:
            await line.answer(asked, OKAY, b"hi")
        else:
            line.close()

    async with http2_scripted(script) as teacher:
        with toward(teacher) as upstream:
            for _ in range(2):
                assert (await ask(upstream, method="GET", body=None))[2] == b"hi"
    assert len(teacher.asked) == 3


async def test_an_answer_that_is_reset_is_never_taken_for_whole() -> None:
    async def script(line: Http2Line, asked: Asked) -> None:
        line.head(asked, OKAY)
        await line.body(asked, b"the first half")
        line.reset(asked, ErrorCodes.NO_ERROR)

    async with http2_scripted(script) as teacher:
        with toward(teacher) as upstream:
            with pytest.raises(TransportError, match="gave the call up: NO_ERROR"):
                await ask(upstream)
            assert upstream.state.reachable is True


@pytest.mark.parametrize(
    "junk",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"\xff" * 100,
        b"\0\0\x04\x03\0\0\0\0\0\0\0\0\0",  # gives up a call that has no number
        b"\0\0\x04\x07\0\0\0\0\0\0\0\0\0",  # a goodbye that does not say why
        b"\0\0\x01\x00\0\0\0\0\x63x",  # some body of a call that never was
    ],
)
async def test_what_is_no_http_2_fails_its_calls_and_closes_the_connection(
    junk: bytes,
) -> None:
    async def script(line: Http2Line, asked: Asked) -> None:
        await asked.ended.wait()
        line.raw(junk)

    async with http2_scripted(script) as teacher:
        with toward(teacher) as upstream:
            with pytest.raises(TeacherUnreachable, match="no HTTP/2"):
                await ask(upstream)
            await until(lambda: teacher.ended == 1)


async def test_no_bytes_of_a_teacher_are_a_failure_of_ours(
    caplog: pytest.LogCaptureFixture,
) -> None:
    chance = random.Random(11)  # noqa: S311 - the same inputs each time
    caplog.set_level(logging.ERROR)
    fields = [*OKAY, (b"content-length", b"4"), (b"x-one", b"1")]

    def spoiled(content: bytes) -> bytes:
        found = bytearray(content)
        for _ in range(chance.choice([0, 0, 1, 2])):
            place = chance.randrange(len(found))
            match chance.randrange(3):
                case 0:
                    found[place] = chance.randrange(256)
                case 1:
                    del found[place : place + chance.randint(1, 9)]
                case _:
                    found[place:place] = found[place : place + chance.randint(1, 20)]
            found = found or bytearray(b"x")
        return bytes(found)

    async def script(line: Http2Line, asked: Asked) -> None:
        await asked.ended.wait()
        line.spoil = spoiled
        line.head(asked, fields)
        await line.body(asked, b"four", last=True)
        await line.hang_up()

    ends: Counter[str] = Counter()
    async with http2_scripted(script) as teacher:
        with toward(teacher) as upstream:
            for _ in range(INPUTS):
                try:
                    await ask(upstream)
                    ends["answered"] += 1
                except (TeacherUnreachable, TransportError) as error:
                    ends[type(error).__name__] += 1
    assert ends.keys() == {"answered", "TeacherUnreachable", "TransportError"}
    assert [record.message for record in caplog.records] == []


# Silence.


async def test_a_teacher_that_vanishes_is_noticed_by_its_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http2, "PING_SECONDS", 0.05)

    async def script(line: Http2Line, _: Asked) -> None:
        line.silent = True

    async with http2_scripted(script) as teacher:
        vanished = pytest.raises(TeacherUnreachable, match="answers no ping")
        with toward(teacher) as upstream, vanished:
            await ask(upstream)
    assert teacher.lines[0].pings == 1


async def test_a_teacher_that_is_only_slow_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http2, "PING_SECONDS", 0.02)

    async def script(line: Http2Line, asked: Asked) -> None:
        await until(lambda: line.pings >= 5)
        await line.answer(asked, OKAY, b"hi")

    async with http2_scripted(script) as teacher:
        with toward(teacher) as upstream:
            assert (await ask(upstream))[2] == b"hi"
    assert teacher.connections == 1


async def test_a_connection_that_rests_is_closed_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool, "SWEEP_SECONDS", 0.01)
    monkeypatch.setattr(http2.Http2Connection, "idle_timeout", 0.05)
    async with http2_scripted(saying()) as teacher:
        with toward(teacher) as upstream:
            await ask(upstream)
            await until(lambda: teacher.ended == 1)
            assert (await ask(upstream))[2] == b"hi"
    assert teacher.connections == 2
