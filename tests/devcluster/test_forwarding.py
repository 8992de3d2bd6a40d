import asyncio
import contextlib
import gc
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devcluster.dialler import serve_dialler
from devcluster.forwarder import port_of, serve_forwarder
from devcluster.streams import retain_tasks

BIG = b"x" * 3_000_000


async def answer_after_eof(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    request = await reader.read()
    writer.write(b"received " + request)
    writer.close()


@contextlib.asynccontextmanager
async def open_forwarder(folder: Path) -> AsyncIterator[int]:
    """Run a server, a dialler, and a forwarder; yield the port of the forwarder."""
    handler = answer_after_eof
    server = await asyncio.start_server(retain_tasks(handler), "127.0.0.1", 0)
    dialler = await serve_dialler(folder / "dial.sock")
    target = f"127.0.0.1:{port_of(server)}"
    forwarder = await serve_forwarder(folder / "dial.sock", target)
    async with server, dialler, forwarder:
        yield port_of(forwarder)


async def exchange(port: int, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer


async def test_bytes_are_forwarded_and_each_direction_is_closed_separately(
    tmp_path: Path,
) -> None:
    async with open_forwarder(tmp_path) as port:
        assert await exchange(port, BIG) == b"received " + BIG


async def test_many_clients_are_served_concurrently(tmp_path: Path) -> None:
    async with open_forwarder(tmp_path) as port:
        answer = await asyncio.gather(*(exchange(port, b"%d" % n) for n in range(50)))
    assert answer == [b"received %d" % n for n in range(50)]


@pytest.mark.slow
async def test_a_half_closed_connection_survives_garbage_collection(
    tmp_path: Path,
) -> None:
    async def collect() -> None:
        for _ in range(50):
            gc.collect()
            await asyncio.sleep(0.001)

    async with open_forwarder(tmp_path) as port:
        answer, _ = await asyncio.gather(exchange(port, BIG), collect())
    assert answer == b"received " + BIG


async def test_a_missing_node_closes_the_connection(tmp_path: Path) -> None:
    forwarder = await serve_forwarder(tmp_path / "absent.sock", "127.0.0.1:1")
    async with forwarder:
        assert await exchange(port_of(forwarder), b"") == b""


async def test_an_address_without_a_listener_closes_the_connection(
    tmp_path: Path,
) -> None:
    async with await serve_dialler(tmp_path / "dial.sock"):
        forwarder = await serve_forwarder(tmp_path / "dial.sock", "127.0.0.1:1")
        async with forwarder:
            assert await exchange(port_of(forwarder), b"") == b""


async def test_a_stale_socket_of_a_dialler_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "dial.sock"))
    async with open_forwarder(tmp_path) as port:
        assert await exchange(port, b"hello") == b"received hello"


async def test_two_forwarders_have_different_ports(tmp_path: Path) -> None:
    one = await serve_forwarder(tmp_path / "dial.sock", "127.0.0.1:1")
    two = await serve_forwarder(tmp_path / "dial.sock", "127.0.0.1:1")
    async with one, two:
        assert port_of(one) != port_of(two)
        assert one.sockets[0].getsockname()[0] == "127.0.0.1"
