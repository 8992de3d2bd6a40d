"""HTTP/1.1 and HTTP/2 to the teacher: the same answers and errors, as promptly."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest

from support.http2_teacher import hosting, http2_scripted
from support.serving_plane import until
from support.upstream_calls import ask, pieces_of
from tracer_bentos.http_client.connection import RequestBody, TransportError
from tracer_bentos.serving.http_server.exchange import (
    ClientDisconnected,
    Headers,
    HttpExchange,
    Receive,
    Scope,
    Send,
)
from tracer_bentos.serving.server.listeners import Listener
from tracer_bentos.serving.upstream.teacher import TeacherClient, TeacherUnreachable
from tracer_core.contracts.runtime import HttpVersion

MEBIBYTE = 1024 * 1024
FRAMING = {b"host", b"transfer-encoding", b"content-length"}


@dataclass
class Odd:
    """An application that does as the path says and notes what it was asked."""

    seen: list[tuple[str, bytes, Headers, bytes]] = field(default_factory=list)
    gone: int = 0
    waiting: int = 0
    most: int = 0
    sent: int = 0
    taken: int = 0
    read: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = HttpExchange(scope, receive, send)
        if exchange.path == "/v1/large":
            await self._large(exchange)
            return
        if exchange.path == "/v1/unread":
            await self._unread(exchange)
            return
        body = await exchange.read_body()
        headers = [each for each in exchange.headers if each[0] not in FRAMING]
        target = exchange.raw_path + b"?" * bool(exchange.query) + exchange.query
        self.seen.append((exchange.method, target, headers, body))
        match exchange.path:
            case "/v1/never":
                await exchange.wait_for_disconnect()
                self.gone += 1
            case "/v1/begun" | "/v1/broken":
                await exchange.start(200, [])
                await exchange.send_chunk(b"the first half")
                if exchange.path == "/v1/begun":
                    await exchange.wait_for_disconnect()
                    self.gone += 1
            case "/v1/empty":
                await exchange.start(204, [(b"x-none", b"1")])
                await exchange.end()
            case _:
                await self._echo(exchange, body)

    async def _echo(self, exchange: HttpExchange, body: bytes) -> None:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        await asyncio.sleep(0)
        self.waiting -= 1
        odd = [
            (b"x-one", b"a"),
            (b"set-cookie", b"a=1"),
            (b"x-odd", b"caf\xe9"),
            (b"set-cookie", b"b=2"),
            (b"x-one", b"b"),
        ]
        content = b"" if exchange.method == "HEAD" else body[::-1] or b"hi"
        await exchange.respond(207, odd, content)

    async def _large(self, exchange: HttpExchange) -> None:
        await exchange.read_body()
        await exchange.start(200, [])
        for _ in range(100):
            await exchange.send_chunk(bytes(MEBIBYTE))
            self.sent += MEBIBYTE
        await exchange.end()

    async def _unread(self, exchange: HttpExchange) -> None:
        await self.read.wait()
        async for piece in exchange.iter_body():
            self.taken += len(piece)
        await exchange.respond(200, [], b"all")


@pytest.fixture(params=HttpVersion)
def http(request: pytest.FixtureRequest) -> HttpVersion:
    return HttpVersion(request.param)


@asynccontextmanager
async def toward(http: HttpVersion) -> AsyncIterator[tuple[Odd, TeacherClient]]:
    odd = Odd()
    async with AsyncExitStack() as stack:
        if http is HttpVersion.HTTP2:
            lines = await stack.enter_async_context(
                http2_scripted(hosting(odd), takes=False)
            )
            url = lines.url
        else:
            listener = Listener(odd, "127.0.0.1", 0, 1.0)
            await listener.start()
            stack.push_async_callback(listener.stop)
            url = f"http://127.0.0.1:{listener.port}/v1"
        upstream = TeacherClient(url, http=http)
        yield odd, upstream
        assert upstream.connections == 0
        upstream.close()


async def test_a_request_and_its_answer_cross_unchanged(http: HttpVersion) -> None:
    headers = [(b"x-b", b"caf\xe9"), (b"x-a", b"1"), (b"x-b", b"2")]
    async with toward(http) as (odd, upstream):
        target = upstream.target(b"/v1/a%2Fb/../c/./'\\{}|^`", b"x=%20y&x='\"{}|\\^`<>")
        asked = upstream.send("PUT", target, headers, b"abc")
        async with await asked as response:
            content = b"".join([piece async for piece in response.iter_body()])
    assert odd.seen == [("PUT", target, headers, b"abc")]
    assert (response.status, content) == (207, b"cba")
    assert [each for each in response.headers if each[0] != b"content-length"] == [
        (b"x-one", b"a"),
        (b"set-cookie", b"a=1"),
        (b"x-odd", b"caf\xe9"),
        (b"set-cookie", b"b=2"),
        (b"x-one", b"b"),
    ]


@pytest.mark.parametrize("length", [5, None])
async def test_an_upload_arrives_in_pieces(
    http: HttpVersion, length: int | None
) -> None:
    async with toward(http) as (odd, upstream):
        upload = RequestBody(pieces_of(b"abc", b"de"), length)
        assert (await ask(upstream, body=upload))[2] == b"edcba"
    assert odd.seen[0][3] == b"abcde"


@pytest.mark.parametrize(
    ("method", "path", "status"), [("HEAD", b"/v1/x", 207), ("GET", b"/v1/empty", 204)]
)
async def test_an_answer_that_has_no_body_is_whole_at_once(
    http: HttpVersion, method: str, path: bytes, status: int
) -> None:
    async with toward(http) as (_, upstream):
        for _ in range(2):
            found = await ask(upstream, path, method, body=None)
            assert (found[0], found[2]) == (status, b"")


@pytest.mark.parametrize("path", [b"/v1/never", b"/v1/begun"])
async def test_whoever_leaves_ends_the_teachers_work_before_and_within_an_answer(
    http: HttpVersion, path: bytes
) -> None:
    async with toward(http) as (odd, upstream):
        asking = asyncio.create_task(ask(upstream, path))
        await until(lambda: len(odd.seen) == 1)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await until(lambda: odd.gone == 1)


async def test_a_client_that_leaves_within_its_upload_ends_the_call(
    http: HttpVersion,
) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"the first half"
        raise ClientDisconnected

    async with toward(http) as (odd, upstream):
        with pytest.raises(ClientDisconnected):
            await ask(upstream, body=RequestBody(broken(), 1000))
    assert odd.seen == []


async def test_an_answer_that_breaks_off_is_never_taken_for_whole(
    http: HttpVersion,
) -> None:
    async with toward(http) as (odd, upstream):
        asking = asyncio.create_task(ask(upstream, b"/v1/broken"))
        await until(lambda: len(odd.seen) == 1)
        with pytest.raises(TransportError):
            await asking


async def test_a_teacher_that_is_down_is_said_to_be_unreachable(
    http: HttpVersion,
) -> None:
    upstream = TeacherClient("http://127.0.0.1:9/v1", http=http)
    with pytest.raises(TeacherUnreachable, match=r"cannot connect to 127\.0\.0\.1:9: "):
        await ask(upstream)
    assert (upstream.state.reachable, upstream.connections) == (False, 0)


async def test_a_client_that_does_not_read_stops_the_teacher_from_sending(
    http: HttpVersion,
) -> None:
    async with (
        toward(http) as (odd, upstream),
        await upstream.send("GET", b"/v1/large", [], None) as response,
    ):
        before = -1
        while before < odd.sent:  # until the buffers on the way are full
            before = odd.sent
            await asyncio.sleep(0.2)
        held = odd.sent
        pieces = [len(piece) async for piece in response.iter_body()]
    assert held < 32 * MEBIBYTE
    assert (sum(pieces), max(pieces) <= MEBIBYTE) == (100 * MEBIBYTE, True)


async def test_a_teacher_that_does_not_read_stops_the_client_from_sending(
    http: HttpVersion,
) -> None:
    given = 0

    async def large() -> AsyncIterator[bytes]:
        nonlocal given
        for _ in range(400):
            given += MEBIBYTE // 4
            yield bytes(MEBIBYTE // 4)

    async with toward(http) as (odd, upstream):
        asking = asyncio.create_task(
            ask(upstream, b"/v1/unread", body=RequestBody(large(), None))
        )
        before = -1
        while before < given:
            before = given
            await asyncio.sleep(0.2)
        held = given
        odd.read.set()
        answer = await asking
    assert 0 < held < 32 * MEBIBYTE
    assert (odd.taken, answer[2]) == (100 * MEBIBYTE, b"all")


async def test_two_hundred_at_once_get_each_their_own_answer(http: HttpVersion) -> None:
    async with toward(http) as (odd, upstream):
        bodies = [b"%d" % number for number in range(1000, 1200)]
        answers = await asyncio.gather(*[ask(upstream, body=each) for each in bodies])
    assert [content for _, _, content in answers] == [each[::-1] for each in bodies]
    assert odd.most > 1
