"""HTTP/1.1 and HTTP/2 to the teacher: the same responses, errors, and back pressure."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest

from support.http2_teacher import hosting, http2_scripted
from support.serving_plane import until
from support.upstream_calls import chunks_of, send_request
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
class PathApp:
    """An application whose behavior depends on the path; it records the requests."""

    seen: list[tuple[str, bytes, Headers, bytes]] = field(default_factory=list)
    disconnects: int = 0
    waiting: int = 0
    max_waiting: int = 0
    sent: int = 0
    received_bytes: int = 0
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
        headers = [pair for pair in exchange.headers if pair[0] not in FRAMING]
        target = exchange.raw_path + b"?" * bool(exchange.query) + exchange.query
        self.seen.append((exchange.method, target, headers, body))
        match exchange.path:
            case "/v1/never":
                await exchange.wait_for_disconnect()
                self.disconnects += 1
            case "/v1/begun" | "/v1/broken":
                await exchange.start(200, [])
                await exchange.send_chunk(b"the first half")
                if exchange.path == "/v1/begun":
                    await exchange.wait_for_disconnect()
                    self.disconnects += 1
            case "/v1/empty":
                await exchange.start(204, [(b"x-none", b"1")])
                await exchange.end()
            case _:
                await self._echo(exchange, body)

    async def _echo(self, exchange: HttpExchange, body: bytes) -> None:
        self.waiting += 1
        self.max_waiting = max(self.max_waiting, self.waiting)
        await asyncio.sleep(0)
        self.waiting -= 1
        headers = [
            (b"x-one", b"a"),
            (b"set-cookie", b"a=1"),
            (b"x-odd", b"caf\xe9"),
            (b"set-cookie", b"b=2"),
            (b"x-one", b"b"),
        ]
        content = b"" if exchange.method == "HEAD" else body[::-1] or b"hi"
        await exchange.respond(207, headers, content)

    async def _large(self, exchange: HttpExchange) -> None:
        await exchange.read_body()
        await exchange.start(200, [])
        for _ in range(100):
            await exchange.send_chunk(bytes(MEBIBYTE))
            self.sent += MEBIBYTE
        await exchange.end()

    async def _unread(self, exchange: HttpExchange) -> None:
        await self.read.wait()
        async for chunk in exchange.iter_body():
            self.received_bytes += len(chunk)
        await exchange.respond(200, [], b"all")


@pytest.fixture(params=HttpVersion)
def http(request: pytest.FixtureRequest) -> HttpVersion:
    return HttpVersion(request.param)


@asynccontextmanager
async def client_for(http: HttpVersion) -> AsyncIterator[tuple[PathApp, TeacherClient]]:
    app = PathApp()
    async with AsyncExitStack() as stack:
        if http is HttpVersion.HTTP2:
            server = await stack.enter_async_context(
                http2_scripted(hosting(app), grants_windows=False)
            )
            url = server.url
        else:
            listener = Listener(app, "127.0.0.1", 0, 1.0)
            await listener.start()
            stack.push_async_callback(listener.stop)
            url = f"http://127.0.0.1:{listener.port}/v1"
        upstream = TeacherClient(url, http=http)
        yield app, upstream
        assert upstream.connections == 0
        upstream.close()


async def test_a_request_and_its_response_are_forwarded_unchanged(
    http: HttpVersion,
) -> None:
    headers = [(b"x-b", b"caf\xe9"), (b"x-a", b"1"), (b"x-b", b"2")]
    async with client_for(http) as (app, upstream):
        target = upstream.target(b"/v1/a%2Fb/../c/./'\\{}|^`", b"x=%20y&x='\"{}|\\^`<>")
        response_soon = upstream.send("PUT", target, headers, b"abc")
        async with await response_soon as response:
            content = b"".join([chunk async for chunk in response.iter_body()])
    assert app.seen == [("PUT", target, headers, b"abc")]
    assert (response.status, content) == (207, b"cba")
    assert [pair for pair in response.headers if pair[0] != b"content-length"] == [
        (b"x-one", b"a"),
        (b"set-cookie", b"a=1"),
        (b"x-odd", b"caf\xe9"),
        (b"set-cookie", b"b=2"),
        (b"x-one", b"b"),
    ]


@pytest.mark.parametrize("length", [5, None])
async def test_an_upload_arrives_in_chunks(
    http: HttpVersion, length: int | None
) -> None:
    async with client_for(http) as (app, upstream):
        upload = RequestBody(chunks_of(b"abc", b"de"), length)
        assert (await send_request(upstream, body=upload))[2] == b"edcba"
    assert app.seen[0][3] == b"abcde"


@pytest.mark.parametrize(
    ("method", "path", "status"), [("HEAD", b"/v1/x", 207), ("GET", b"/v1/empty", 204)]
)
async def test_a_response_without_a_body_is_complete_after_its_head(
    http: HttpVersion, method: str, path: bytes, status: int
) -> None:
    async with client_for(http) as (_, upstream):
        for _ in range(2):
            received = await send_request(upstream, path, method, body=None)
            assert (received[0], received[2]) == (status, b"")


@pytest.mark.parametrize("path", [b"/v1/never", b"/v1/begun"])
async def test_a_cancelled_call_ends_before_and_within_the_response(
    http: HttpVersion, path: bytes
) -> None:
    async with client_for(http) as (app, upstream):
        call = asyncio.create_task(send_request(upstream, path))
        await until(lambda: len(app.seen) == 1)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        await until(lambda: app.disconnects == 1)


async def test_a_disconnect_during_an_upload_ends_the_call(
    http: HttpVersion,
) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"the first half"
        raise ClientDisconnected

    async with client_for(http) as (app, upstream):
        with pytest.raises(ClientDisconnected):
            await send_request(upstream, body=RequestBody(broken(), 1000))
    assert app.seen == []


async def test_an_incomplete_response_is_an_error(
    http: HttpVersion,
) -> None:
    async with client_for(http) as (app, upstream):
        call = asyncio.create_task(send_request(upstream, b"/v1/broken"))
        await until(lambda: len(app.seen) == 1)
        with pytest.raises(TransportError):
            await call


async def test_a_teacher_that_does_not_listen_is_unreachable(
    http: HttpVersion,
) -> None:
    upstream = TeacherClient("http://127.0.0.1:9/v1", http=http)
    with pytest.raises(TeacherUnreachable, match=r"cannot connect to 127\.0\.0\.1:9: "):
        await send_request(upstream)
    assert (upstream.state.reachable, upstream.connections) == (False, 0)


async def test_the_teacher_cannot_send_while_the_client_does_not_read(
    http: HttpVersion,
) -> None:
    async with (
        client_for(http) as (app, upstream),
        await upstream.send("GET", b"/v1/large", [], None) as response,
    ):
        previous = -1
        while previous < app.sent:  # until all buffers are full
            previous = app.sent
            await asyncio.sleep(0.2)
        sent_unread = app.sent
        chunks = [len(chunk) async for chunk in response.iter_body()]
    assert sent_unread < 32 * MEBIBYTE
    assert (sum(chunks), max(chunks) <= MEBIBYTE) == (100 * MEBIBYTE, True)


async def test_the_client_cannot_send_while_the_teacher_does_not_read(
    http: HttpVersion,
) -> None:
    produced = 0

    async def large() -> AsyncIterator[bytes]:
        nonlocal produced
        for _ in range(400):
            produced += MEBIBYTE // 4
            yield bytes(MEBIBYTE // 4)

    async with client_for(http) as (app, upstream):
        call = asyncio.create_task(
            send_request(upstream, b"/v1/unread", body=RequestBody(large(), None))
        )
        previous = -1
        while previous < produced:
            previous = produced
            await asyncio.sleep(0.2)
        sent_unread = produced
        app.read.set()
        answer = await call
    assert 0 < sent_unread < 32 * MEBIBYTE
    assert (app.received_bytes, answer[2]) == (100 * MEBIBYTE, b"all")


async def test_two_hundred_concurrent_calls_get_their_own_responses(
    http: HttpVersion,
) -> None:
    async with client_for(http) as (app, upstream):
        bodies = [b"%d" % number for number in range(1000, 1200)]
        answers = await asyncio.gather(
            *[send_request(upstream, body=body) for body in bodies]
        )
    assert [content for _, _, content in answers] == [body[::-1] for body in bodies]
    assert app.max_waiting > 1
