"""Copies bytes between two connections until both directions have ended."""

import asyncio
import contextlib

CHUNK = 1 << 16


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
