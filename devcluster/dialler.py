"""The inner half of the way into a cluster: a Unix socket that dials its network.

Unix sockets cross network namespaces, so the host can reach this one while nothing of
the cluster can reach the host. A client writes `ADDRESS:PORT` and a line feed; from
then on the connection is that to the address.
"""

import asyncio
import sys
from pathlib import Path

from devcluster.streams import held, join


async def serve_dialler(path: Path) -> asyncio.Server:
    """Listen on the socket and dial what each client asks for."""
    path.unlink(missing_ok=True)  # noqa: ASYNC240 - once, before anything else runs
    return await asyncio.start_unix_server(held(_dial), path)


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
