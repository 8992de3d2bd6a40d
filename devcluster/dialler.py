"""Cluster side of inbound connections: a Unix socket that connects to the network.

Unix sockets are independent of network namespaces, so the host can connect to this
socket, while the cluster cannot connect to the host. A client writes `ADDRESS:PORT` and
a line feed; after that, the connection is forwarded to this address.
"""

import asyncio
import sys
from pathlib import Path

from devcluster.streams import join, retain_tasks


async def serve_dialler(path: Path) -> asyncio.Server:
    """Listen on the socket, and connect each client to its requested address."""
    path.unlink(missing_ok=True)  # noqa: ASYNC240 - once, before anything else runs
    return await asyncio.start_unix_server(retain_tasks(_dial), path)


async def _dial(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        target = (await reader.readline()).decode().strip()
        address, _, port = target.rpartition(":")
        server = await asyncio.open_connection(address, int(port))
    except (OSError, ValueError):
        writer.close()
        return
    await join((reader, writer), server)


async def _main(path: Path) -> None:
    await (await serve_dialler(path)).serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1])))
