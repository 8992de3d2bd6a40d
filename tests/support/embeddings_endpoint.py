"""An embeddings endpoint on loopback: OpenAI's protocol over a real socket."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from typing_extensions import override

from support.hidden_topics import vector_of

__all__ = ["Endpoint", "embeddings_endpoint"]


@dataclass
class Endpoint:
    """The behavior of the endpoint and the requests that it received."""

    url: str = ""
    seen: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    refusals: list[int] = field(default_factory=list)
    """Statuses of the next responses, before it returns embeddings again."""
    down_at: frozenset[int] = frozenset()
    """Numbers of the requests, from 1, that it answers with 503."""
    answer: object = None
    """Body of the response instead of embeddings."""
    hold: threading.Event | None = None
    """Event that a response waits for."""
    seconds: float = 0.0
    """Seconds before a response."""
    short: int = 0
    """Bytes that are missing from each response, compared with its length header."""
    moved: str | None = None
    """Target of a redirect that it sends instead of a response."""
    closes: bool = False
    """Whether it closes each connection after a response, without a header."""
    clients: list[socket.socket] = field(default_factory=list)
    """All connections that clients opened."""

    def refusal(self) -> int | None:
        """Return the status of the next response if it is an error; else none."""
        if self.refusals:
            return self.refusals.pop(0)
        return 503 if len(self.seen) in self.down_at else None


@contextmanager
def embeddings_endpoint() -> Iterator[Endpoint]:
    """Run an endpoint whose embeddings are sums of a synthetic vector per word.

    A word is a token.
    """
    endpoint = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        @override
        def setup(self) -> None:
            super().setup()
            endpoint.clients.append(self.connection)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            request = json.loads(body)  # requests are concurrent, so not seen[-1]
            endpoint.seen.append(request)
            endpoint.keys.append(self.headers["authorization"])
            if endpoint.hold:
                endpoint.hold.wait()
            time.sleep(endpoint.seconds)
            if self.path != "/v1/embeddings" or "" in request["input"]:
                self._answer(400, {})
            elif (status := endpoint.refusal()) is not None:
                self._answer(status, {})
            elif endpoint.answer is not None:
                self._answer(200, endpoint.answer)
            else:
                self._answer(200, _embeddings(request["input"]))

        def _answer(self, status: int, document: object) -> None:
            content = json.dumps(document).encode()
            self.send_response(302 if endpoint.moved else status)
            self.send_header("location", endpoint.moved or "")
            self.send_header("content-length", str(len(content) + endpoint.short))
            self.end_headers()
            self.wfile.write(content)
            self.close_connection = endpoint.short > 0 or endpoint.closes

        @override
        def log_message(self, format: str, *args: object) -> None:
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    endpoint.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield endpoint
    finally:
        if endpoint.hold:
            endpoint.hold.set()
        server.shutdown()
        thread.join()
        _disconnect(endpoint.clients)
        server.server_close()


def _disconnect(clients: list[socket.socket]) -> None:
    """Close the open connections, as a stopped process does."""
    for client in clients:
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)


def _embeddings(texts: list[str]) -> dict[str, Any]:
    vectors = [vector_of(text).tolist() for text in texts]
    data = [
        {"index": index, "embedding": vector} for index, vector in enumerate(vectors)
    ]
    words = sum(len(text.split()) for text in texts)
    usage = {"prompt_tokens": words, "total_tokens": words}
    # In reverse order: clients must use the index.
    return {"object": "list", "data": data[::-1], "usage": usage}
