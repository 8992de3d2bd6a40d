"""A teacher on loopback: the chat completions of OpenAI over a real socket."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from support.http2_teacher import hosting, http2_scripted
from tracer_bentos.serving.http_server.exchange import (
    Headers,
    HttpExchange,
    Receive,
    Scope,
    Send,
)
from tracer_bentos.serving.server.listeners import Listener
from tracer_core.contracts.runtime import HttpVersion

__all__ = ["SeenRequest", "Teacher", "teaching"]

USAGE = {"prompt_tokens": 1000, "completion_tokens": 10, "total_tokens": 1010}


@dataclass
class SeenRequest:
    """One request as the teacher received it."""

    method: str
    target: bytes
    headers: Headers
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    def header(self, name: str) -> str | None:
        found = [value for key, value in self.headers if key == name.encode()]
        return found[0].decode() if found else None


@dataclass
class Teacher:
    """The application of the teacher: its settings and the received requests."""

    label: Callable[[str], str] = lambda text: text.split()[0].lower()
    refusal: tuple[int, bytes] | None = None
    finish_reason: str = "stop"
    hold: asyncio.Event | None = None
    seen: list[SeenRequest] = field(default_factory=list)
    aborted: int = 0
    url: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = HttpExchange(scope, receive, send)
        body = await exchange.read_body()
        target = exchange.raw_path + (b"?" + exchange.query if exchange.query else b"")
        self.seen.append(SeenRequest(exchange.method, target, exchange.headers, body))
        if self.refusal:
            status, content = self.refusal
            await exchange.respond(status, [(b"x-should-retry", b"false")], content)
        elif exchange.path.endswith("/chat/completions"):
            await self._complete(exchange, json.loads(body))
        elif exchange.path.endswith("/classify"):
            await _send_json(exchange, {"echo": json.loads(body)})
        else:
            headers = [(b"x-teacher", b"one"), (b"x-teacher", b"two")]
            await exchange.respond(207, headers, body[::-1] or b"\x00\xff")

    async def _complete(self, exchange: HttpExchange, request: dict[str, Any]) -> None:
        content = request["messages"][-1]["content"]
        text = content if isinstance(content, str) else content[0].get("text", "image")
        if request.get("stream"):
            await self._stream(exchange, request, self.label(text))
            return
        if self.hold:
            await self.hold.wait()
        await _send_json(exchange, self._completion(request, self.label(text)))

    def _completion(self, request: dict[str, Any], label: str) -> dict[str, Any]:
        message = {"role": "assistant", "content": label}
        choice = {
            "index": 0,
            "message": message,
            "finish_reason": self.finish_reason,
        }
        return {
            "id": "chatcmpl-teacher",
            "object": "chat.completion",
            "created": 1,
            "model": request.get("model"),
            "choices": [choice],
            "usage": USAGE,
        }

    async def _stream(
        self, exchange: HttpExchange, request: dict[str, Any], label: str
    ) -> None:
        await exchange.start(200, [(b"content-type", b"text/event-stream")])
        for character in label:
            await exchange.send_chunk(
                self._chunk(request, {"content": character}, None)
            )
            if self.hold and await self._disconnected_while_holding(exchange):
                self.aborted += 1
                return
        await exchange.send_chunk(self._chunk(request, {}, self.finish_reason))
        await exchange.end(b"data: [DONE]\n\n")

    async def _disconnected_while_holding(self, exchange: HttpExchange) -> bool:
        assert self.hold
        disconnected = asyncio.create_task(exchange.wait_for_disconnect())
        released = asyncio.create_task(self.hold.wait())
        done, waiting = await asyncio.wait(
            {disconnected, released}, return_when=asyncio.FIRST_COMPLETED
        )
        for task in waiting:
            task.cancel()
        return disconnected in done

    def _chunk(
        self, request: dict[str, Any], delta: dict[str, Any], finish_reason: str | None
    ) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        chunk = {
            "id": "chatcmpl-teacher",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": request.get("model"),
            "choices": [choice],
        }
        return b"data: " + json.dumps(chunk).encode() + b"\n\n"


@asynccontextmanager
async def teaching(
    teacher: Teacher | None = None, http: HttpVersion = HttpVersion.HTTP1
) -> AsyncIterator[Teacher]:
    """Start a teacher on loopback, and stop it at the end of the block."""
    teacher = teacher or Teacher()
    if http is HttpVersion.HTTP2:
        async with http2_scripted(hosting(teacher), grants_windows=False) as server:
            teacher.url = server.url
            yield teacher
        return
    listener = Listener(teacher, "127.0.0.1", 0, 1.0)
    teacher.url = f"http://127.0.0.1:{listener.port}/v1"
    await listener.start()
    try:
        yield teacher
    finally:
        await listener.stop()


async def _send_json(exchange: HttpExchange, document: dict[str, Any]) -> None:
    content = json.dumps(document).encode()
    await exchange.respond(200, [(b"content-type", b"application/json")], content)
