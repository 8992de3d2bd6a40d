"""Copies bytes between two connections until both directions are closed."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine

CHUNK = 1 << 16
Handler = Callable[
    [asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]
]


def retain_tasks(
    handler: Handler,
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
    """Return a callback that serves each connection in a task with a strong reference.

    asyncio keeps only a weak reference to a task. When a client has closed its half of
    the connection, there is no other reference, and the garbage collector would end the
    connection.
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
    """Connect two connections; each direction is closed separately, as in TCP."""
    try:
        await asyncio.gather(_copy(client[0], server[1]), _copy(server[0], client[1]))
    except OSError:  # one side was closed: close the other one
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
