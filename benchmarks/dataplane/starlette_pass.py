"""A minimal pass-through: Starlette and an HTTP client.

    python -m benchmarks.dataplane.starlette_pass PORT TEACHER [httpx]

It only forwards: no task, no decision, no trace. It uses aiohttp, the fastest of the
usual clients, unless httpx is given.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

_DROPPED = {"host", "content-length", "transfer-encoding", "connection"}


def _headers(request: Request) -> dict[str, str]:
    return {k: v for k, v in request.headers.items() if k not in _DROPPED}


def by_aiohttp(teacher: str) -> Starlette:
    """Return the application that forwards by aiohttp."""
    session: list[aiohttp.ClientSession] = []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        connector = aiohttp.TCPConnector(limit=0)
        session.append(aiohttp.ClientSession(connector=connector))
        yield
        await session[0].close()

    async def forward(request: Request) -> Response:
        answer = await session[0].request(
            request.method,
            teacher + request.url.path,
            headers=_headers(request),
            data=await request.body(),
        )
        kept = {k: v for k, v in answer.headers.items() if k.lower() not in _DROPPED}
        pieces = answer.content.iter_any()
        return StreamingResponse(pieces, answer.status, kept)

    return Starlette(routes=[_everything(forward)], lifespan=lifespan)


def by_httpx(teacher: str) -> Starlette:
    """Return the application that forwards by httpx."""
    client = httpx.AsyncClient(limits=httpx.Limits(max_connections=None), timeout=None)  # noqa: S113 - no limit for answers

    async def forward(request: Request) -> Response:
        asked = client.build_request(
            request.method,
            teacher + request.url.path,
            headers=_headers(request),
            content=await request.body(),
        )
        answer = await client.send(asked, stream=True)
        kept = {k: v for k, v in answer.headers.items() if k.lower() not in _DROPPED}
        return StreamingResponse(answer.aiter_raw(), answer.status_code, kept)

    return Starlette(routes=[_everything(forward)])


def _everything(forward: object) -> Route:
    return Route("/{path:path}", forward, methods=["GET", "POST"])  # type: ignore[arg-type] # one of the two above


if __name__ == "__main__":
    port, teacher, *client = sys.argv[1:]
    app = by_httpx(teacher) if client == ["httpx"] else by_aiohttp(teacher)
    uvicorn.run(app, port=int(port), log_level="warning", access_log=False)
