"""Write responses of the stub teacher."""

import asyncio
import json
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any

from tracer_bentos.serving.http_server.exchange import HttpExchange

__all__ = ["PIECES", "Event", "send_events", "send_json", "split_text", "usage"]

Event = tuple[str, Any]
"""Name and data of a server-sent event; the name can be empty."""

PIECES: ContextVar[int] = ContextVar("PIECES", default=2)
"""Number of chunks of a streamed text; the header `x-stub-pieces` sets it."""

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
    """Send a complete response."""
    extra = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    kind = (b"content-type", b"application/json")
    content = json.dumps(document).encode()
    await exchange.respond(status, [kind, *HEADERS, *extra], content)


async def send_events(
    exchange: HttpExchange, events: Iterable[Event], *, broken: bool = False
) -> None:
    """Stream a response; if `broken`, close the connection after two events."""
    kind = (b"content-type", b"text/event-stream; charset=utf-8")
    await exchange.start(200, [kind, *HEADERS])
    for number, (name, data) in enumerate(events):
        if broken and number == 2:
            raise ConnectionResetError("the stub teacher closes the connection")
        text = data if isinstance(data, str) else json.dumps(data)
        head = f"event: {name}\n" if name else ""
        await exchange.send_chunk(f"{head}data: {text}\n\n".encode())
        await asyncio.sleep(0)
    await exchange.end()


def split_text(text: str) -> list[str]:
    """Return the chunks in which a text is streamed."""
    middle = len(text) // 2 if PIECES.get() > 1 else 0
    return [part for part in (text[:middle], text[middle:]) if part]


def usage(first: str, second: str) -> dict[str, Any]:
    """Return token counts with the field names of a protocol."""
    return {first: 11, second: 3, "total_tokens": 14}
