"""The internal port: evidence, policy, health and metrics; never a client's."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from prometheus_client import CONTENT_TYPE_LATEST

from tracer_bentos.serving.decision.policy_store import PolicyStore
from tracer_bentos.serving.http_server.exchange import (
    BodyTooLarge,
    HttpExchange,
    Receive,
    Scope,
    Send,
)
from tracer_bentos.serving.telemetry.metrics import MetricsPage
from tracer_core.contracts.evidence import Evidence
from tracer_core.contracts.policy import PolicyDocument
from tracer_core.errors import DocumentError

__all__ = ["AdminApi"]

Page = Callable[[HttpExchange], Awaitable[None]]


class AdminApi:
    """The ASGI application that the operator, the kubelet and Prometheus talk to."""

    def __init__(
        self,
        evidence: Callable[[], Evidence],
        policies: PolicyStore,
        metrics: MetricsPage,
    ) -> None:
        self._evidence = evidence
        self._policies = policies
        self._metrics = metrics
        self.ready = False
        """Whether the traffic port takes requests."""
        self.final = False
        """Whether the counts will not change any more."""
        self.last_counts_read = asyncio.Event()
        """Set once the final counts have been read."""
        self._pages: dict[tuple[str, str], Page] = {
            ("GET", "/evidence"): self._report,
            ("POST", "/evidence"): self._take_policy,
            ("GET", "/healthz"): self._healthz,
            ("GET", "/readyz"): self._readyz,
            ("GET", "/metrics"): self._expose,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        if scope["type"] != "http":
            return
        exchange = HttpExchange(scope, receive, send)
        page = self._pages.get((exchange.method, exchange.path), _nothing_here)
        await page(exchange)

    async def _report(self, exchange: HttpExchange) -> None:
        content = self._evidence().to_json()
        final = self.final
        await _send(exchange, HTTPStatus.OK, content, b"application/json")
        if final:
            self.last_counts_read.set()

    async def _take_policy(self, exchange: HttpExchange) -> None:
        try:
            document = PolicyDocument.from_json(await exchange.read_body())
        except (DocumentError, BodyTooLarge) as error:
            message = str(error) or "the policy document is too large"
            await _send(exchange, HTTPStatus.BAD_REQUEST, message.encode())
            return
        self._policies.update(document)
        await self._report(exchange)

    async def _healthz(self, exchange: HttpExchange) -> None:
        await _send(exchange, HTTPStatus.OK, b"up\n")

    async def _readyz(self, exchange: HttpExchange) -> None:
        if self.ready:
            await _send(exchange, HTTPStatus.OK, b"ready\n")
        else:
            message = b"starting or stopping\n"
            await _send(exchange, HTTPStatus.SERVICE_UNAVAILABLE, message)

    async def _expose(self, exchange: HttpExchange) -> None:
        kind = CONTENT_TYPE_LATEST.encode()
        await _send(exchange, HTTPStatus.OK, self._metrics.text(), kind)


async def _nothing_here(exchange: HttpExchange) -> None:
    await _send(exchange, HTTPStatus.NOT_FOUND, b"not found\n")


async def _send(
    exchange: HttpExchange,
    status: HTTPStatus,
    content: bytes,
    kind: bytes = b"text/plain; charset=utf-8",
) -> None:
    await exchange.respond(status, [(b"content-type", kind)], content)
