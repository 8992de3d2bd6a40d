"""Calls of the upstream client, from question to whole answer."""

from collections.abc import AsyncIterator

from tracer_bentos.http_client.connection import Headers, RequestBody
from tracer_bentos.serving.upstream.teacher import TeacherClient

__all__ = ["ask", "pieces_of"]


async def ask(
    upstream: TeacherClient,
    path: bytes = b"/v1/x",
    method: str = "POST",
    headers: Headers | None = None,
    body: bytes | RequestBody | None = b"question",
) -> tuple[int, Headers, bytes]:
    """Ask and give status, headers and the whole body."""
    target = upstream.target(path)
    async with await upstream.send(method, target, headers or [], body) as response:
        content = b"".join([piece async for piece in response.iter_body()])
    return response.status, response.headers, content


async def pieces_of(*pieces: bytes) -> AsyncIterator[bytes]:
    """Give a body piece by piece."""
    for piece in pieces:
        yield piece
