"""Spans: what a collector receives, and that requests are not affected."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)

from support.serving_plane import PROMPT, Plane, certified, serving, until
from support.serving_teacher import teaching
from tracer_bentos.serving.http_server.exchange import Message, Receive, Scope, Send
from tracer_bentos.serving.telemetry.spans import TracingMiddleware, add_tracing
from tracer_core.contracts.access import AccessMode

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@asynccontextmanager
async def collecting() -> AsyncIterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """Run a collector for OTLP over HTTP."""
    received: list[ExportTraceServiceRequest] = []

    async def take(request: web.Request) -> web.Response:
        received.append(ExportTraceServiceRequest.FromString(await request.read()))
        return web.Response()

    app = web.Application()
    app.router.add_post("/v1/traces", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", received
    finally:
        await runner.cleanup()


def spans_of(received: Iterable[ExportTraceServiceRequest]) -> list[Any]:
    return [
        span
        for request in received
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def attributes_of(span: Any) -> dict[str, str | int]:
    return {
        attribute.key: attribute.value.string_value or attribute.value.int_value
        for attribute in span.attributes
    }


async def ask(plane: Plane, text: str) -> int:
    body = {
        "model": "gpt-test",
        "messages": [
            {"role": "system", "content": PROMPT},
            {"role": "user", "content": text},
        ],
    }
    url = f"{plane.url}/v1/chat/completions"
    headers = {"traceparent": PARENT}
    async with plane.http.post(url, json=body, headers=headers) as response:
        await response.read()
        return response.status


async def test_a_span_contains_the_source_of_the_answer_and_no_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with collecting() as (endpoint, received), teaching() as teacher:
        monkeypatch.setenv(ENDPOINT, endpoint)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        async with serving(teacher.url, tmp_path, access=AccessMode.OPEN) as plane:
            await ask(plane, "Refund my order")
            await until(lambda: plane.data_plane.surrogate_slot.digest is not None)
            task = (await plane.evidence()).tasks[0].task
            await plane.push(certified(task, audit=0.0))
            await ask(plane, "Refund another")
            await until(lambda: len(spans_of(received)) == 2)
    spans = spans_of(received)
    attributes = [attributes_of(span) for span in spans]
    assert [found["tracer.decision"] for found in attributes] == [
        "teacher",
        "surrogate",
    ]
    assert [found["http.response.status_code"] for found in attributes] == [200, 200]
    assert {span.trace_id.hex() for span in spans} == {PARENT.split("-")[1]}
    assert {span.parent_span_id.hex() for span in spans} == {PARENT.split("-")[2]}
    assert b"Refund my" not in b"".join(
        request.SerializeToString() for request in received
    )


async def test_the_application_is_unchanged_without_a_tracing_endpoint() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None: ...

    assert add_tracing(app, {}) is app


async def test_an_error_in_tracing_does_not_affect_the_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken:
        def get_tracer(self, name: str) -> None:
            """Return no tracer."""

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    await TracingMiddleware(app, Broken())(scope, receive, send)
    assert [message["status"] for message in sent] == [200]
    assert "cannot record the span of a request" in caplog.text
