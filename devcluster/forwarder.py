"""Host side of inbound connections: forwards a host port to one address.

The forwarder listens only on 127.0.0.1, by default on any free port.
"""

import asyncio
import functools
from pathlib import Path

from devcluster.streams import join, retain_tasks


async def serve_forwarder(
    dial_socket: Path, target: str, port: int = 0
) -> asyncio.Server:
    """Forward a host port to `ADDRESS:PORT` in the cluster.

    Args:
        dial_socket: Socket of the dialler in the cluster.
        target: Address and port in the cluster.
        port: Host port; 0 selects any free port.
    """
    forward = functools.partial(_forward, dial_socket, target)
    return await asyncio.start_server(retain_tasks(forward), "127.0.0.1", port)


def port_of(server: asyncio.Server) -> int:
    """Return the host port of a forwarder."""
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
    except OSError:  # the node has not started, or has stopped
        writer.close()
        return
    await join((reader, writer), door)
