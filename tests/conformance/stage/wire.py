"""How the stub teacher writes to its clients."""

import asyncio
import json
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any

from tracer_bentos.serving.http_server.exchange import HttpExchange

__all__ = ["PIECES", "Event", "pieces", "send_events", "send_json", "usage"]

Event = tuple[str, Any]
"""Name and data of a server-sent event; the name may be empty."""

PIECES: ContextVar[int] = ContextVar("PIECES", default=2)
"""In how many pieces a text is streamed; clients say so in `x-stub-pieces`."""

HEADERS = [
    (b"x-request-id", b"req_1"),
    (b"request-id", b"req_1"),
    (b"openai-processing-ms", b"7"),
    (b"x-ratelimit-remaining-requests", b"99"),
    (b"set-cookie", b"a=1; Path=/"),
    (b"set-cookie", b"b=2; Path=/"),
]


async def send_json(
    exchange: HttpExchange, document: Any, status: int = 200, **headers: str
) -> None:
    """Send a whole answer."""
    more = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    kind = (b"content-type", b"application/json")
    content = json.dumps(document).encode()
    await exchange.respond(status, [kind, *HEADERS, *more], content)


async def send_events(
    exchange: HttpExchange, events: Iterable[Event], *, broken: bool = False
) -> None:
    """Stream an answer event by event; if broken, lose the connection in the middle."""
    kind = (b"content-type", b"text/event-stream; charset=utf-8")
    await exchange.start(200, [kind, *HEADERS])
    for number, (name, data) in enumerate(events):
        if broken and number == 2:
            raise ConnectionResetError("as a teacher's server might")
        text = data if isinstance(data, str) else json.dumps(data)
        head = f"event: {name}\n" if name else ""
        await exchange.send_chunk(f"{head}data: {text}\n\n".encode())
        await asyncio.sleep(0)
    await exchange.end()


def pieces(text: str) -> list[str]:
    """Give a text in the pieces in which it is streamed."""
    middle = len(text) // 2 if PIECES.get() > 1 else 0
    return [part for part in (text[:middle], text[middle:]) if part]


def usage(first: str, second: str) -> dict[str, Any]:
    """Give a count of tokens under a protocol's own names."""
    return {first: 11, second: 3, "total_tokens": 14}
