"""Forwards one exchange to the teacher and streams the response back byte for byte."""

import time
from http import HTTPStatus
from typing import NamedTuple

from tracer_bentos.http_client.connection import RequestBody, TransportError
from tracer_bentos.serving.http_server.cancel_on_disconnect import CancelOnDisconnect
from tracer_bentos.serving.http_server.exchange import ClientDisconnected, HttpExchange
from tracer_bentos.serving.http_server.headers import request_headers, response_headers
from tracer_bentos.serving.http_server.tee import ResponseTee
from tracer_bentos.serving.telemetry.latency import Latencies, LatencyLeg
from tracer_bentos.serving.upstream.teacher import (
    TeacherClient,
    TeacherUnreachable,
    UpstreamResponse,
)

__all__ = ["ProxyResult", "TeacherProxy"]


class ProxyResult(NamedTuple):
    """The result of one exchange with the teacher."""

    status: int | None
    """HTTP status of the teacher; None if there was no response."""
    latency_ms: float
    """Time from the request to the last byte of the response, in milliseconds."""
    unreachable: bool = False
    """Whether the client received a 502 because the teacher did not respond."""


class TeacherProxy:
    """Forwards exchanges to the teacher."""

    def __init__(self, upstream: TeacherClient, latencies: Latencies) -> None:
        self._upstream = upstream
        self._latencies = latencies

    async def stream(self, exchange: HttpExchange) -> ProxyResult:
        """Forward an exchange without buffering the request body."""
        body = exchange.stream_body() if exchange.has_body else None
        return await self._forward(exchange, body, tee=None)

    async def buffered(
        self, exchange: HttpExchange, body: bytes, tee: ResponseTee | None = None
    ) -> ProxyResult:
        """Forward an exchange whose body is in memory.

        Args:
            exchange: The exchange with the client.
            body: The complete request body.
            tee: Receives a copy of the response. With a tee, the request is a question
                without effects beyond its answer and can be sent again.
        """
        return await self._forward(exchange, body, tee=tee)

    async def _forward(
        self,
        exchange: HttpExchange,
        body: bytes | RequestBody | None,
        *,
        tee: ResponseTee | None,
    ) -> ProxyResult:
        start = time.perf_counter()
        status, unreachable = None, False
        try:
            async with (
                CancelOnDisconnect(exchange),
                await self._send_request(exchange, body, tee) as response,
            ):
                status = response.status
                self._latencies.observe(
                    LatencyLeg.TEACHER_HEAD, time.perf_counter() - start
                )
                await self._send_response(exchange, response, tee)
        except TeacherUnreachable as error:
            unreachable = True
            await _send_bad_gateway(exchange, error)
        except ClientDisconnected:
            pass  # there is no client; the connection to the teacher is closed
        seconds = time.perf_counter() - start
        if status is not None:
            self._latencies.observe(LatencyLeg.TEACHER_WHOLE, seconds)
        return ProxyResult(status, seconds * 1000, unreachable)

    async def _send_request(
        self,
        exchange: HttpExchange,
        body: bytes | RequestBody | None,
        tee: ResponseTee | None,
    ) -> UpstreamResponse:
        is_question = tee is not None
        headers = request_headers(
            exchange.headers,
            readable=is_question,
            key=self._upstream.credential(exchange.conventions),
        )
        target = self._upstream.target(exchange.raw_path, exchange.query)
        return await self._upstream.send(
            exchange.method, target, headers, body, retryable=is_question
        )

    async def _send_response(
        self,
        exchange: HttpExchange,
        response: UpstreamResponse,
        tee: ResponseTee | None,
    ) -> None:
        headers = response_headers(response.headers, response.status)
        last = b""
        if tee:
            tee.start(response.status, headers)
        try:
            await exchange.start(response.status, headers)
            async for chunk in response.iter_body():
                if tee:
                    tee.append(chunk)
                if response.ended:
                    last = chunk  # sent together with the end of the response
                else:
                    await exchange.send_chunk(chunk)
            if tee:
                tee.end()
            await exchange.end(last)
        except TransportError as error:
            # The status is already sent. An incomplete response shows the client that
            # the connection failed, as the teacher itself would have shown it.
            self._upstream.record_failure(error)


async def _send_bad_gateway(exchange: HttpExchange, error: TeacherUnreachable) -> None:
    message = f"The teacher could not be reached: {error}"
    await exchange.send_error(
        HTTPStatus.BAD_GATEWAY, message, "api_connection_error", "teacher_unreachable"
    )
