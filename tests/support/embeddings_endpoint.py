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
    """What it does next and what it has been asked."""

    url: str = ""
    seen: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    refusals: list[int] = field(default_factory=list)
    """Statuses of the next answers, before it answers again."""
    down_at: frozenset[int] = frozenset()
    """Which calls it answers with 503, by number from 1."""
    answer: object = None
    """What it answers instead of embeddings."""
    hold: threading.Event | None = None
    """Answers only once this is set."""
    seconds: float = 0.0
    """How long it takes for an answer."""
    short: int = 0
    """Bytes that are missing of each answer that it announces."""
    moved: str | None = None
    """Says that it has moved there, instead of answering."""
    closes: bool = False
    """Closes each connection after an answer, without having said so."""
    clients: list[socket.socket] = field(default_factory=list)
    """Connections that were ever opened."""

    def refusal(self) -> int | None:
        """Give the status of a refusal that is due; none when it answers."""
        if self.refusals:
            return self.refusals.pop(0)
        return 503 if len(self.seen) in self.down_at else None


@contextmanager
def embeddings_endpoint() -> Iterator[Endpoint]:
    """Give a running endpoint that adds up a made-up vector for each word.

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
            asked = json.loads(body)  # not the last seen: many ask at once
            endpoint.seen.append(asked)
            endpoint.keys.append(self.headers["authorization"])
            if endpoint.hold:
                endpoint.hold.wait()
            time.sleep(endpoint.seconds)
            if self.path != "/v1/embeddings" or "" in asked["input"]:
                self._answer(400, {})
            elif (status := endpoint.refusal()) is not None:
                self._answer(status, {})
            elif endpoint.answer is not None:
                self._answer(200, endpoint.answer)
            else:
                self._answer(200, _embeddings(asked["input"]))

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
        _hang_up(endpoint.clients)
        server.server_close()


def _hang_up(clients: list[socket.socket]) -> None:
    """Close what is still open: an endpoint that is gone answers nobody."""
    for each in clients:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


def _embeddings(texts: list[str]) -> dict[str, Any]:
    vectors = [vector_of(text).tolist() for text in texts]
    data = [{"index": at, "embedding": each} for at, each in enumerate(vectors)]
    words = sum(len(text.split()) for text in texts)
    usage = {"prompt_tokens": words, "total_tokens": words}
    # In no order: the index counts.
    return {"object": "list", "data": data[::-1], "usage": usage}
