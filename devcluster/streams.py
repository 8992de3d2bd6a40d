"""Copies bytes between two connections until both directions have ended."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine

CHUNK = 1 << 16
Handler = Callable[
    [asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]
]


def held(
    handler: Handler,
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
    """Serve each connection in a task that is held until it has ended.

    asyncio itself holds it weakly: once a client has closed its half, nothing else
    does, and the garbage collector would end the connection.
    """
    tasks = set[asyncio.Task[None]]()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(handler(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    return serve


async def join(
    client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
) -> None:
    """Join two connections; each half closes on its own, as TCP allows."""
    try:
        await asyncio.gather(_copy(client[0], server[1]), _copy(server[0], client[1]))
    except OSError:  # either side went away: so does the other
        pass
    finally:
        for _, writer in (client, server):
            writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(CHUNK):
        writer.write(chunk)
        await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()
