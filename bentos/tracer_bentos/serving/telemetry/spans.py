"""OpenTelemetry spans of requests, where the environment names an endpoint for them.

A span is made once the client has its answer, and exported by a thread of its own: what
tracing costs or fails at is never in a request's way. The teacher sees the client's own
trace context, unchanged.
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

__all__ = ["traced"]

_log = logging.getLogger(__name__)

_ENDPOINTS: Final = (
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
)
_TOLD: Final = {
    b"x-tracer-decision": "tracer.decision",
    b"x-tracer-revision": "tracer.revision",
    b"x-tracer-cell": "tracer.cell",
}
"""Our own headers; whoever answers without them is the teacher."""
_SERVER_ERROR: Final = 500


def traced(app: ASGIApp, environment: Mapping[str, str] = os.environ) -> ASGIApp:
    """Give the application with spans, or as it is where none are asked for."""
    if not any(environment.get(name) for name in _ENDPOINTS):
        return app
    try:
        return Spans(app, _exporting(environment))
    except ImportError as error:
        _log.warning("no spans: pip install 'tracer-router[tracing]' (%s)", error)
        return app


def _exporting(environment: Mapping[str, str]) -> Any:
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


class Spans:
    """An application around another one, with one span a request."""

    def __init__(self, app: ASGIApp, provider: Any) -> None:
        from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415
            TraceContextTextMapPropagator,
        )

        self._app = app
        self._tracer = provider.get_tracer("tracer-router")
        self._context = TraceContextTextMapPropagator()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, and note how it was answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.time_ns()
        head: Message = {}

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                head.update(message)
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            try:
                self._note(scope, head, began)
            except Exception:  # noqa: BLE001 - the client has its answer already
                _log.exception("no span of this request")

    def _note(self, scope: Scope, head: Message, began: int) -> None:
        from opentelemetry.trace import SpanKind, StatusCode  # noqa: PLC0415 - loaded

        carried = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["headers"]
            if name in {b"traceparent", b"tracestate"}
        }
        span = self._tracer.start_span(
            scope["method"],
            context=self._context.extract(carried),
            kind=SpanKind.SERVER,
            attributes=_attributes(scope, head),
            start_time=began,
        )
        if head.get("status", _SERVER_ERROR) >= _SERVER_ERROR:
            span.set_status(StatusCode.ERROR)
        span.end()


def _attributes(scope: Scope, head: Message) -> dict[str, str | int]:
    """Give what happened, in the names of the semantic conventions; no content."""
    found: dict[str, str | int] = {
        "http.request.method": scope["method"],
        "url.path": scope["path"],
        "tracer.decision": "teacher",
    }
    if "status" not in head:
        return found | {"error.type": "client gone"}
    found["http.response.status_code"] = head["status"]
    for name, value in head["headers"]:
        if name in _TOLD:
            found[_TOLD[name]] = value.decode("latin-1")
    return found
