"""Connections to the teacher with private certificate authorities and proxies."""

import asyncio
import base64
import shutil
import ssl
from pathlib import Path

import pytest

from support.http2_teacher import http2_scripted, responding
from support.raw_teacher import OK, RawTeacher, answering, scripted
from tracer_bentos.http_client.proxy import Origin, Proxy
from tracer_bentos.serving.upstream.teacher import TeacherClient, TeacherUnreachable
from tracer_core.contracts.runtime import HttpVersion

LOOPBACK = Path(__file__).parents[3] / "support" / "certificates" / "loopback.pem"
"""A self-signed certificate of 127.0.0.1 with its key; for tests only."""
VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _no_proxies_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def tls_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(LOOPBACK)
    return context


async def content_from(upstream: TeacherClient) -> bytes:
    target = upstream.target(b"/v1/models")
    async with await upstream.send("GET", target, [], None) as response:
        return b"".join([chunk async for chunk in response.iter_body()])


async def test_a_teacher_with_a_certificate_of_a_private_authority_is_trusted() -> None:
    async with scripted(answering(OK, OK), tls_context()) as teacher:
        upstream = TeacherClient(teacher.url, authorities=LOOPBACK)
        assert [await content_from(upstream) for _ in range(2)] == [b"hi", b"hi"]
        upstream.close()
    assert teacher.connections == 1


async def test_a_teacher_with_an_untrusted_certificate_gets_no_request() -> None:
    async with scripted(answering(OK), tls_context()) as teacher:
        with pytest.raises(TeacherUnreachable, match="self-signed certificate"):
            await content_from(TeacherClient(teacher.url))
    assert teacher.requests == []


@pytest.mark.parametrize("http", HttpVersion)
async def test_a_changed_file_of_authorities_is_reloaded(
    tmp_path: Path, http: HttpVersion
) -> None:
    authorities_file = tmp_path / "authorities.pem"
    async with scripted(answering(OK), tls_context()) as teacher:
        upstream = TeacherClient(teacher.url, authorities=authorities_file, http=http)
        with pytest.raises(TeacherUnreachable, match="No such file"):
            await content_from(upstream)
        shutil.copyfile(LOOPBACK, authorities_file)
        assert await content_from(upstream) == b"hi"
        upstream.close()


async def test_an_http_request_is_sent_to_the_proxy_with_its_complete_url(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with scripted(answering(OK)) as proxy:
        address = proxy.url.removeprefix("http://").removesuffix("/v1")
        monkeypatch.setenv("http_proxy", f"http://me:p%40ss@{address}")
        upstream = TeacherClient("http://teacher.invalid:8000/v1")
        assert await content_from(upstream) == b"hi"
        upstream.close()
    basic = base64.b64encode(b"me:p@ss").decode()
    assert proxy.requests[0].decode().split("\r\n") == [
        "GET http://teacher.invalid:8000/v1/models HTTP/1.1",
        "host: teacher.invalid:8000",
        f"proxy-authorization: Basic {basic}",
        "",
        "",
    ]


async def test_a_configured_proxy_overrides_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", "http://nobody.invalid:3128")
    async with scripted(answering(OK)) as proxy:
        proxy_url = proxy.url.removesuffix("/v1")
        upstream = TeacherClient("http://teacher.invalid/v1", proxy=proxy_url)
        assert await content_from(upstream) == b"hi"
        upstream.close()
    assert proxy.requests[0].startswith(b"GET http://teacher.invalid/v1/models ")


async def test_an_https_request_is_tunneled_through_the_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with (
        scripted(answering(OK, OK), tls_context()) as teacher,
        scripted(tunnel) as proxy,
    ):
        monkeypatch.setenv("https_proxy", proxy.url.removesuffix("/v1"))
        upstream = TeacherClient(teacher.url, authorities=LOOPBACK)
        assert [await content_from(upstream) for _ in range(2)] == [b"hi", b"hi"]
        upstream.close()
    port = teacher.url.rpartition(":")[2].removesuffix("/v1")
    assert proxy.requests == [
        f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\r\n".encode()
    ]
    assert b"proxy" not in b"".join(teacher.requests)


async def test_http_2_is_tunneled_through_the_proxy_with_and_without_tls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    offering = tls_context()
    offering.set_alpn_protocols(["h2", "http/1.1"])
    async with (
        http2_scripted(responding(), offering) as safe,
        http2_scripted(responding()) as plain,
        scripted(tunnel) as proxy,
    ):
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, proxy.url.removesuffix("/v1"))
        for teacher in (safe, plain):
            upstream = TeacherClient(
                teacher.url, authorities=LOOPBACK, http=HttpVersion.HTTP2
            )
            assert [await content_from(upstream) for _ in range(2)] == [b"hi", b"hi"]
            upstream.close()
    ports = [
        teacher.url.rpartition(":")[2].removesuffix("/v1") for teacher in (safe, plain)
    ]
    assert [head.partition(b"\r\n")[0] for head in proxy.requests] == [
        f"CONNECT 127.0.0.1:{port} HTTP/1.1".encode() for port in ports
    ]


async def test_data_directly_after_the_response_of_the_proxy_is_kept() -> None:
    async def script(
        proxy: RawTeacher, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await proxy.read_head(reader)
        settings = b"\0\0\0\x04\0\0\0\0\0"
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + settings)
        head = await reader.readuntil(b"/v1/models")
        answer = b"\0\0\x01\x01\x05\0\0\0\x01\x88"  # :status 200 without a body
        writer.write(answer * (b"PRI * HTTP/2.0" in head))
        await reader.read()

    async with scripted(script) as proxy:
        upstream = TeacherClient(
            "http://teacher.invalid/v1",
            proxy=proxy.url.removesuffix("/v1"),
            http=HttpVersion.HTTP2,
        )
        assert await content_from(upstream) == b""
        upstream.close()


@pytest.mark.parametrize("http", HttpVersion)
@pytest.mark.parametrize(
    ("response", "cause"),
    [
        (b"", "did not respond to CONNECT"),
        (b"garbage\r\n\r\n", "CONNECT with invalid HTTP"),
        (b"x" * 300_000, "did not respond to CONNECT"),
    ],
)
async def test_a_proxy_with_an_invalid_response_is_reported_as_the_cause(
    http: HttpVersion, response: bytes, cause: str
) -> None:
    async with scripted(answering(response, linger=False)) as proxy:
        proxy_url = proxy.url.removesuffix("/v1")
        upstream = TeacherClient(
            "https://teacher.invalid/v1", proxy=proxy_url, http=http
        )
        with pytest.raises(TeacherUnreachable, match=cause):
            await content_from(upstream)


async def test_a_proxy_that_refuses_the_tunnel_is_reported_as_the_cause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refusal = b"HTTP/1.1 407 No\r\ncontent-length: 0\r\n\r\n"
    async with scripted(answering(refusal)) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url.removesuffix("/v1"))
        with pytest.raises(TeacherUnreachable, match="CONNECT with 407"):
            await content_from(TeacherClient("https://teacher.invalid/v1"))


def test_no_proxy_excludes_servers_from_the_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", "vllm.svc,.internal")
    proxies = {
        host: Proxy.from_environment(Origin("https", host, 443))
        for host in ("api.openai.com", "vllm.svc", "a.internal")
    }
    assert proxies["api.openai.com"] == Proxy(Origin("http", "proxy", 3128), ())
    assert (proxies["vllm.svc"], proxies["a.internal"]) == (None, None)


async def tunnel(
    proxy: RawTeacher, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    head = await proxy.read_head(reader)
    host, _, port = head.split(b" ")[1].decode().rpartition(":")
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    server_reader, server_writer = await asyncio.open_connection(host, int(port))
    await asyncio.gather(pump(reader, server_writer), pump(server_reader, writer))


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while content := await reader.read(65_536):
        writer.write(content)
        await writer.drain()
    writer.close()
