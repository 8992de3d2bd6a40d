"""The outer half of the way into a cluster: a host port that leads to one address.

Only 127.0.0.1 is listened on; the port is whichever is free.
"""

import asyncio
import functools
from pathlib import Path

from devcluster.streams import held, join


async def serve_forwarder(
    dial_socket: Path, target: str, port: int = 0
) -> asyncio.Server:
    """Forward a host port to `ADDRESS:PORT` in the cluster; port 0 is any free one."""
    forward = functools.partial(_forward, dial_socket, target)
    return await asyncio.start_server(held(forward), "127.0.0.1", port)


def port_of(server: asyncio.Server) -> int:
    """Give the host port of a forwarder."""
    port: int = server.sockets[0].getsockname()[1]
    return port


async def _forward(
    dial_socket: Path,
    target: str,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    try:
        door = await asyncio.open_unix_connection(dial_socket)
        door[1].write(f"{target}\n".encode())
    except OSError:  # the node is not there yet, or no longer
        writer.close()
        return
    await join((reader, writer), door)
