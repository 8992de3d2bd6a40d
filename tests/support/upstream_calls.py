"""Complete calls of the client for the teacher."""

from collections.abc import AsyncIterator

from tracer_bentos.http_client.connection import Headers, RequestBody
from tracer_bentos.serving.upstream.teacher import TeacherClient

__all__ = ["chunks_of", "send_request"]


async def send_request(
    upstream: TeacherClient,
    path: bytes = b"/v1/x",
    method: str = "POST",
    headers: Headers | None = None,
    body: bytes | RequestBody | None = b"question",
) -> tuple[int, Headers, bytes]:
    """Send a request; return status, headers, and the complete body."""
    target = upstream.target(path)
    async with await upstream.send(method, target, headers or [], body) as response:
        content = b"".join([chunk async for chunk in response.iter_body()])
    return response.status, response.headers, content


async def chunks_of(*chunks: bytes) -> AsyncIterator[bytes]:
    """Yield the chunks of a body."""
    for chunk in chunks:
        yield chunk
