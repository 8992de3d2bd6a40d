"""Streams: time to the first event and to the last byte.

    python -m benchmarks.dataplane.stream URL BODY_FILE CONNECTIONS SECONDS

wrk measures complete responses only, so this client replaces it: raw connections on
uvloop, one request after the other on each, and a JSON line with percentiles at the
end.
"""

import asyncio
import json
import sys
import time
from functools import partial
from pathlib import Path
from statistics import quantiles
from typing import cast
from urllib.parse import urlsplit

import uvloop
from typing_extensions import override

_END = b"0\r\n\r\n"
_EVENT = b"data: "


class Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, request: bytes, until: float) -> None:
        self._request = request
        self._until = until
        self._began = 0.0
        self._seen = False
        self.first: list[float] = []
        """Milliseconds to the first event, by request."""
        self.whole: list[float] = []
        """Milliseconds to the last byte, by request."""
        self.failed = 0
        """Number of incomplete requests."""
        self.ended = asyncio.get_running_loop().create_future()
        """Completed at the end of the measurement."""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    @override
    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        if not self._seen and _EVENT in data:
            self._seen = True
            self.first.append((now - self._began) * 1000)
        if not data.endswith(_END):
            return
        self.whole.append((now - self._began) * 1000)
        if now < self._until:
            self._ask()
        else:
            self._transport.close()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if time.perf_counter() < self._until:
            self.failed += 1
        if not self.ended.done():
            self.ended.set_result(None)

    def _ask(self) -> None:
        self._seen = False
        self._began = time.perf_counter()
        self._transport.write(self._request)


def _itself(client: Client) -> Client:
    return client


async def measure(url: str, body: bytes, connections: int, seconds: float) -> None:
    """Request streams and print the measurements."""
    where, until = urlsplit(url), time.perf_counter() + seconds
    request = (
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: bench\r\n"
        b"authorization: Bearer sk-bench\r\ncontent-type: application/json\r\n"
        b"accept: text/event-stream\r\nuser-agent: bench\r\n"
        b"content-length: %d\r\n\r\n%s" % (len(body), body)
    )
    loop = asyncio.get_running_loop()
    clients = [Client(request, until) for _ in range(connections)]
    for client in clients:
        await loop.create_connection(
            partial(_itself, client), where.hostname or "", where.port or 80
        )
    await asyncio.gather(*(client.ended for client in clients))
    first = [each for client in clients for each in client.first]
    whole = [each for client in clients for each in client.whole]
    found = {
        "requests": len(whole),
        "rps": len(whole) / seconds,
        "failed": sum(client.failed for client in clients),
        **{f"first_{name}": each for name, each in _percentiles(first).items()},
        **_percentiles(whole),
    }
    print(json.dumps(found))


def _percentiles(times: list[float]) -> dict[str, float]:
    cuts = quantiles(times, n=1000)
    return {"p50": cuts[499], "p90": cuts[899], "p99": cuts[989], "p999": cuts[998]}


if __name__ == "__main__":
    url, file, connections, seconds = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        content = Path(file).read_bytes()
        runner.run(measure(url, content, int(connections), float(seconds)))
