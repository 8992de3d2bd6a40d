"""OpenTelemetry spans of requests, if the environment configures an endpoint.

A span is created after the client has its response and is exported by a separate
thread. Neither the cost nor a failure of tracing affects a request. The teacher
receives the trace context of the client unchanged.
"""

import logging
import os
import time
from collections.abc import Mapping
from typing import Any, Final

from tracer_bentos.serving.http_server.exchange import (
    ASGIApp,
    Message,
    Receive,
    Scope,
    Send,
)

__all__ = ["TracingMiddleware", "add_tracing"]

_log = logging.getLogger(__name__)

_ENDPOINTS: Final = (
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
)
_ATTRIBUTES: Final = {
    b"x-tracer-decision": "tracer.decision",
    b"x-tracer-revision": "tracer.revision",
    b"x-tracer-cell": "tracer.cell",
}
"""Span attributes by response header; a response without them is from the teacher."""
_SERVER_ERROR: Final = 500


def add_tracing(app: ASGIApp, environment: Mapping[str, str] = os.environ) -> ASGIApp:
    """Return the application with spans; unchanged if no endpoint is configured."""
    if not any(environment.get(name) for name in _ENDPOINTS):
        return app
    try:
        return TracingMiddleware(app, _tracer_provider(environment))
    except ImportError as error:
        _log.warning(
            "tracing is disabled: %s; run pip install 'tracer-router[tracing]'", error
        )
        return app


def _tracer_provider(environment: Mapping[str, str]) -> Any:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - optional extra
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    name = environment.get("OTEL_SERVICE_NAME") or "tracer-router"
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


class TracingMiddleware:
    """ASGI middleware that creates one span for each request."""

    def __init__(self, app: ASGIApp, provider: Any) -> None:
        from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415
            TraceContextTextMapPropagator,
        )

        self._app = app
        self._tracer = provider.get_tracer("tracer-router")
        self._propagator = TraceContextTextMapPropagator()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward one request to the application and record its span."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start_ns = time.time_ns()
        head: Message = {}

        async def send_and_keep_head(message: Message) -> None:
            if message["type"] == "http.response.start":
                head.update(message)
            await send(message)

        try:
            await self._app(scope, receive, send_and_keep_head)
        finally:
            try:
                self._record_span(scope, head, start_ns)
            except Exception:  # noqa: BLE001 - the client already has its response
                _log.exception("cannot record the span of a request")

    def _record_span(self, scope: Scope, head: Message, start_ns: int) -> None:
        from opentelemetry.trace import SpanKind, StatusCode  # noqa: PLC0415 - loaded

        carrier = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["headers"]
            if name in {b"traceparent", b"tracestate"}
        }
        span = self._tracer.start_span(
            scope["method"],
            context=self._propagator.extract(carrier),
            kind=SpanKind.SERVER,
            attributes=_attributes(scope, head),
            start_time=start_ns,
        )
        if head.get("status", _SERVER_ERROR) >= _SERVER_ERROR:
            span.set_status(StatusCode.ERROR)
        span.end()


def _attributes(scope: Scope, head: Message) -> dict[str, str | int]:
    """Return attributes named by the semantic conventions, without any content."""
    attributes: dict[str, str | int] = {
        "http.request.method": scope["method"],
        "url.path": scope["path"],
        "tracer.decision": "teacher",
    }
    if "status" not in head:
        return attributes | {"error.type": "client gone"}
    attributes["http.response.status_code"] = head["status"]
    for name, value in head["headers"]:
        if name in _ATTRIBUTES:
            attributes[_ATTRIBUTES[name]] = value.decode("latin-1")
    return attributes
