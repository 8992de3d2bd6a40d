"""A server for a pod: a teacher or an embeddings endpoint for artificial topics.

    python3 -m support.topic_server KEY

It answers chat completions and embeddings of the OpenAI API for requests with the key.
GET /asked returns the number of texts for which embeddings were requested.
"""

import json
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn

from support.hidden_topics import topic_of, vector_of

__all__ = ["TopicServer"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class TopicServer:
    """The ASGI application."""

    def __init__(self, key: str) -> None:
        self._key = f"Bearer {key}".encode()
        self._embedded = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        body = await _body(receive)
        status, document = 200, self._answer(scope, body)
        if document is None:
            status, document = 401, {"error": {"message": "invalid API key"}}
        headers = [(b"content-type", b"application/json")]
        head = {"type": "http.response.start", "status": status, "headers": headers}
        await send(head)
        content = json.dumps(document).encode()
        await send({"type": "http.response.body", "body": content})

    def _answer(self, scope: Scope, body: bytes) -> Any:
        if scope["path"] == "/asked":
            return self._embedded
        if dict(scope["headers"]).get(b"authorization") != self._key:
            return None
        request = json.loads(body)
        if scope["path"] == "/v1/embeddings":
            return self._embeddings(request["input"])
        return _completion(request)

    def _embeddings(self, texts: list[str]) -> dict[str, Any]:
        self._embedded += len(texts)
        data = [
            {"index": index, "embedding": vector_of(text).tolist()}
            for index, text in enumerate(texts)
        ]
        tokens = sum(len(text.split()) for text in texts)
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return {"object": "list", "data": data, "usage": usage}


def _completion(request: dict[str, Any]) -> dict[str, Any]:
    topic = topic_of(request["messages"][-1]["content"])
    message = {"role": "assistant", "content": topic}
    usage = {"prompt_tokens": 40, "completion_tokens": 1, "total_tokens": 41}
    return {
        "id": "chatcmpl-topic",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": request["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": usage,
    }


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


if __name__ == "__main__":
    server = TopicServer(sys.argv[1])
    uvicorn.run(server, host="0.0.0.0", port=8000, log_level="warning", lifespan="off")  # noqa: S104 - a pod's own address
