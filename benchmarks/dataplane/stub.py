"""A stub teacher: one answer after a set latency, at minimal cost.

    python -m benchmarks.dataplane.stub PORT [LATENCY_MS] [CHUNKS]

Every request gets the same chat completion. A request for a stream gets it in CHUNKS
events, all at once after the latency. A raw protocol on uvloop takes about 15 us per
request, so that the measurement reflects the proxy in front of it.
"""

import asyncio
import json
import sys
from typing import Any

import uvloop
from typing_extensions import override

LABEL = "card_arrival"
_HEAD = (
    b"HTTP/1.1 200 OK\r\ndate: Wed, 25 Nov 2026 09:00:00 GMT\r\n"
    b"server: stub\r\nx-request-id: req_0123456789abcdef\r\n"
    b"openai-organization: bench\r\nopenai-processing-ms: 1\r\n"
    b"openai-version: 2020-10-01\r\nx-ratelimit-limit-requests: 10000\r\n"
    b"x-ratelimit-remaining-requests: 9999\r\n"
)


def _completion(kind: str, choice: dict[str, Any], **more: Any) -> bytes:
    document = {
        "id": "chatcmpl-0123456789abcdefghij",
        "object": kind,
        "created": 1764057600,
        "model": "gpt-4o-mini",
        "choices": [{"index": 0, "finish_reason": None, **choice}],
        **more,
    }
    return json.dumps(document).encode()


def _whole() -> bytes:
    message = {"role": "assistant", "content": LABEL, "refusal": None}
    usage = {"prompt_tokens": 90, "completion_tokens": 4, "total_tokens": 94}
    content = _completion(
        "chat.completion",
        {"message": message, "finish_reason": "stop"},
        usage=usage,
    )
    length = str(len(content)).encode()
    kind = b"content-type: application/json\r\ncontent-length: "
    return _HEAD + kind + length + b"\r\n\r\n" + content


def _stream(chunks: int) -> bytes:
    kind = "chat.completion.chunk"
    delta: dict[str, Any] = {"delta": {"role": "assistant", "content": "w "}}
    deltas = [delta] * (chunks - 1)
    last: dict[str, Any] = {"delta": {}, "finish_reason": "stop"}
    events = [_completion(kind, each) for each in [*deltas, last]] + [b"[DONE]"]
    body = b"".join(_chunk(b"data: " + event + b"\n\n") for event in events)
    head = b"content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    return _HEAD + head + body + b"0\r\n\r\n"


def _chunk(content: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(content), content)


class Stub(asyncio.Protocol):
    """One connection with sequential requests that have a content length."""

    def __init__(self, latency: float, whole: bytes, stream: bytes) -> None:
        self._latency = latency
        self._whole = whole
        self._streamed = stream
        self._read = b""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    @override
    def data_received(self, data: bytes) -> None:
        self._read += data
        end = self._read.find(b"\r\n\r\n")
        while end >= 0:
            head = self._read[:end].lower()
            size = end + 4 + _length(head)
            if len(self._read) < size and b"chunked" not in head:
                return
            body, self._read = self._read[end:size], self._read[size:]
            self._answer(body)
            end = self._read.find(b"\r\n\r\n")

    def _answer(self, body: bytes) -> None:
        streams = b'"stream": true' in body or b'"stream":true' in body
        content = self._streamed if streams else self._whole
        if self._latency:
            loop = asyncio.get_running_loop()
            loop.call_later(self._latency, self._transport.write, content)
        else:
            self._transport.write(content)


def _length(head: bytes) -> int:
    _, found, rest = head.partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


async def _serve(port: int, latency: float, chunks: int) -> None:
    whole, stream = _whole(), _stream(chunks)
    server = await asyncio.get_running_loop().create_server(
        lambda: Stub(latency, whole, stream), "127.0.0.1", port, backlog=1024
    )
    await server.serve_forever()


if __name__ == "__main__":
    given = sys.argv[1:]
    coroutine = _serve(
        int(given[0]),
        float(given[1]) / 1000 if len(given) > 1 else 0.0,
        int(given[2]) if len(given) > 2 else 20,  # noqa: PLR2004
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(coroutine)
