import asyncio
import contextlib
import gc
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devcluster.dialler import serve_dialler
from devcluster.forwarder import port_of, serve_forwarder
from devcluster.streams import held

BIG = b"x" * 3_000_000


async def answer_when_the_client_is_done(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    asked = await reader.read()
    writer.write(b"you said " + asked)
    writer.close()


@contextlib.asynccontextmanager
async def way_in(folder: Path) -> AsyncIterator[int]:
    """A server, a dialler and a forwarder; gives the forwarder's port."""
    handler = answer_when_the_client_is_done
    server = await asyncio.start_server(held(handler), "127.0.0.1", 0)
    dialler = await serve_dialler(folder / "dial.sock")
    target = f"127.0.0.1:{port_of(server)}"
    forwarder = await serve_forwarder(folder / "dial.sock", target)
    async with server, dialler, forwarder:
        yield port_of(forwarder)


async def talk(port: int, said: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(said)
    writer.write_eof()
    heard = await reader.read()
    writer.close()
    return heard


async def test_bytes_go_there_and_back_and_each_half_closes_alone(
    tmp_path: Path,
) -> None:
    async with way_in(tmp_path) as port:
        assert await talk(port, BIG) == b"you said " + BIG


async def test_many_clients_are_served_at_once(tmp_path: Path) -> None:
    async with way_in(tmp_path) as port:
        heard = await asyncio.gather(*(talk(port, b"%d" % n) for n in range(50)))
    assert heard == [b"you said %d" % n for n in range(50)]


@pytest.mark.slow
async def test_a_half_closed_connection_outlives_the_garbage_collector(
    tmp_path: Path,
) -> None:
    async def collect() -> None:
        for _ in range(50):
            gc.collect()
            await asyncio.sleep(0.001)

    async with way_in(tmp_path) as port:
        heard, _ = await asyncio.gather(talk(port, BIG), collect())
    assert heard == b"you said " + BIG


async def test_a_node_that_is_not_there_closes_the_connection(tmp_path: Path) -> None:
    forwarder = await serve_forwarder(tmp_path / "absent.sock", "127.0.0.1:1")
    async with forwarder:
        assert await talk(port_of(forwarder), b"") == b""


async def test_an_address_nobody_listens_on_closes_the_connection(
    tmp_path: Path,
) -> None:
    async with await serve_dialler(tmp_path / "dial.sock"):
        forwarder = await serve_forwarder(tmp_path / "dial.sock", "127.0.0.1:1")
        async with forwarder:
            assert await talk(port_of(forwarder), b"") == b""


async def test_a_socket_left_by_a_dead_dialler_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "dial.sock"))
    async with way_in(tmp_path) as port:
        assert await talk(port, b"hello") == b"you said hello"


async def test_two_forwarders_never_take_the_same_port(tmp_path: Path) -> None:
    one = await serve_forwarder(tmp_path / "dial.sock", "127.0.0.1:1")
    two = await serve_forwarder(tmp_path / "dial.sock", "127.0.0.1:1")
    async with one, two:
        assert port_of(one) != port_of(two)
        assert one.sockets[0].getsockname()[0] == "127.0.0.1"
