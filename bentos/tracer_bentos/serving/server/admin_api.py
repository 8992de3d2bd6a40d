"""The internal port: evidence, policy, health, and metrics; not for clients."""

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

Handler = Callable[[HttpExchange], Awaitable[None]]


class AdminApi:
    """The ASGI application for the operator, the kubelet, and Prometheus."""

    def __init__(
        self,
        evidence: Callable[[], Evidence],
        policy_store: PolicyStore,
        metrics: MetricsPage,
    ) -> None:
        self._evidence = evidence
        self._policy_store = policy_store
        self._metrics = metrics
        self.ready = False
        """Whether the traffic port accepts requests."""
        self.final = False
        """Whether the evidence is final."""
        self.final_evidence_read = asyncio.Event()
        """Set after the final evidence was read."""
        self._handlers: dict[tuple[str, str], Handler] = {
            ("GET", "/evidence"): self._get_evidence,
            ("POST", "/evidence"): self._update_policy,
            ("GET", "/healthz"): self._get_health,
            ("GET", "/readyz"): self._get_readiness,
            ("GET", "/metrics"): self._get_metrics,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI request."""
        if scope["type"] != "http":
            return
        exchange = HttpExchange(scope, receive, send)
        route = (exchange.method, exchange.path)
        handler = self._handlers.get(route, _send_not_found)
        await handler(exchange)

    async def _get_evidence(self, exchange: HttpExchange) -> None:
        content = self._evidence().to_json()
        final = self.final
        await _send(exchange, HTTPStatus.OK, content, b"application/json")
        if final:
            self.final_evidence_read.set()

    async def _update_policy(self, exchange: HttpExchange) -> None:
        try:
            document = PolicyDocument.from_json(await exchange.read_body())
        except (DocumentError, BodyTooLarge) as error:
            message = str(error) or "the policy document exceeds the size limit"
            await _send(exchange, HTTPStatus.BAD_REQUEST, message.encode())
            return
        self._policy_store.update(document)
        await self._get_evidence(exchange)

    async def _get_health(self, exchange: HttpExchange) -> None:
        await _send(exchange, HTTPStatus.OK, b"up\n")

    async def _get_readiness(self, exchange: HttpExchange) -> None:
        if self.ready:
            await _send(exchange, HTTPStatus.OK, b"ready\n")
        else:
            message = b"starting or stopping\n"
            await _send(exchange, HTTPStatus.SERVICE_UNAVAILABLE, message)

    async def _get_metrics(self, exchange: HttpExchange) -> None:
        kind = CONTENT_TYPE_LATEST.encode()
        await _send(exchange, HTTPStatus.OK, self._metrics.text(), kind)


async def _send_not_found(exchange: HttpExchange) -> None:
    await _send(exchange, HTTPStatus.NOT_FOUND, b"not found\n")


async def _send(
    exchange: HttpExchange,
    status: HTTPStatus,
    content: bytes,
    kind: bytes = b"text/plain; charset=utf-8",
) -> None:
    await exchange.respond(status, [(b"content-type", kind)], content)
