"""A stub teacher with the APIs of OpenAI and Anthropic over a real socket."""

import asyncio
import json
from typing import Any

from stage.chat import chat, chat_events, completion, completion_events
from stage.messages import message, message_events
from stage.responses import response, response_events
from stage.rule import Reply, reply_to
from stage.wire import PIECES, send_events, send_json
from tracer_bentos.serving.http_server.exchange import (
    HttpExchange,
    Receive,
    Scope,
    Send,
)

__all__ = ["teacher"]

_ANSWERS = {
    "/v1/chat/completions": (chat, chat_events),
    "/v1/completions": (completion, completion_events),
    "/v1/messages": (message, message_events),
    "/v1/responses": (response, response_events),
}
_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "api_error",
    503: "api_error",
    529: "overloaded_error",
}
SLOW_SECONDS = 5.0


async def teacher(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request."""
    exchange = HttpExchange(scope, receive, send)
    body = await exchange.read_body()
    PIECES.set(int(exchange.header("x-stub-pieces") or 2))
    answers = _ANSWERS.get(exchange.path)
    if exchange.method == "POST" and answers:
        await _answer(exchange, json.loads(body), *answers)
    else:
        await _other(exchange, body)


async def _answer(
    exchange: HttpExchange, request: dict[str, Any], complete: Any, events: Any
) -> None:
    reply = reply_to(_last_text(request))
    match reply.failure:
        case None:
            pass
        case "slowly":
            await asyncio.sleep(SLOW_SECONDS)
        case "midway":
            reply = Reply("this never ends")
            await send_events(exchange, events(request, reply), broken=True)
            return
        case "garbled":
            await exchange.respond(200, [(b"content-type", b"application/json")], b"{")
            return
        case status:
            await _fail(exchange, int(status))
            return
    if request.get("stream"):
        await send_events(exchange, events(request, reply))
    else:
        await send_json(exchange, complete(request, reply))


async def _fail(exchange: HttpExchange, status: int) -> None:
    error: dict[str, Any] = {"type": _KINDS[status], "message": f"This is a {status}."}
    if exchange.path == "/v1/messages":
        document = {"type": "error", "error": error, "request_id": "req_1"}
    else:
        document = {"error": {**error, "param": None, "code": f"code_{status}"}}
    await send_json(exchange, document, status, retry_after="0")


async def _other(exchange: HttpExchange, body: bytes) -> None:
    target = (exchange.raw_path + b"?" + exchange.query).decode()
    match exchange.path:
        case "/v1/models":
            base = {"id": "m", "object": "model", "created": 1, "owned_by": "us"}
            extra = {
                "type": "model",
                "display_name": "M",
                "created_at": "2026-01-01T00:00:00Z",
            }
            models = {"object": "list", "data": [{**base, **extra}], "has_more": False}
            await send_json(exchange, models)
        case "/v1/embeddings":
            data = {"object": "embedding", "index": 0, "embedding": [0.5, -0.25]}
            counts = {"prompt_tokens": 1, "total_tokens": 1}
            document = {
                "object": "list",
                "data": [data],
                "model": "e",
                "usage": counts,
            }
            await send_json(exchange, document)
        case "/v1/files":
            base = {
                "id": "file_1",
                "object": "file",
                "created_at": 1,
                "status": "processed",
            }
            details = {"bytes": len(body), "filename": "f", "purpose": "batch"}
            await send_json(exchange, {**base, **details})
        case "/v1/files/file_1/content":
            await exchange.respond(200, [(b"content-type", b"x/y")], bytes(range(256)))
        case "/v1/messages/count_tokens":
            await send_json(exchange, {"input_tokens": len(body)})
        case _:
            await send_json(exchange, {"method": exchange.method, "target": target})


def _last_text(request: dict[str, Any]) -> str:
    last: Any = request.get("prompt") or request.get("input") or request.get("messages")
    while not isinstance(last, str):
        last = last[-1] if isinstance(last, list) else _inside(last)
    return last


def _inside(part: dict[str, Any]) -> Any:
    return part.get("content") or part.get("text") or part.get("output") or "an image"
