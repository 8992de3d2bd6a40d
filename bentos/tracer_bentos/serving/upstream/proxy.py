"""Carries one exchange to the teacher and its answer back, byte for byte."""

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
    """How an exchange with the teacher ended."""

    status: int | None
    """The teacher's status; none when it gave no answer."""
    latency_ms: float
    """From asking to the last byte, in milliseconds."""
    unreachable: bool = False
    """Whether the client got an error of ours, as the teacher did not answer."""


class TeacherProxy:
    """Passes exchanges through to the teacher."""

    def __init__(self, upstream: TeacherClient, latencies: Latencies) -> None:
        self._upstream = upstream
        self._latencies = latencies

    async def stream(self, exchange: HttpExchange) -> ProxyResult:
        """Pass an exchange through without reading any of it."""
        body = exchange.upload() if exchange.has_body else None
        return await self._carry(exchange, body, tee=None)

    async def buffered(
        self, exchange: HttpExchange, body: bytes, tee: ResponseTee | None = None
    ) -> ProxyResult:
        """Pass an exchange through whose body has been read.

        Args:
            exchange: What the client asked.
            body: The whole request body.
            tee: Gets a copy of the answer; the request is then safe to repeat.
        """
        return await self._carry(exchange, body, tee=tee)

    async def _carry(
        self,
        exchange: HttpExchange,
        body: bytes | RequestBody | None,
        *,
        tee: ResponseTee | None,
    ) -> ProxyResult:
        began = time.perf_counter()
        status, unreachable = None, False
        try:
            async with (
                CancelOnDisconnect(exchange),
                await self._ask(exchange, body, tee) as response,
            ):
                status = response.status
                self._latencies.add(
                    LatencyLeg.TEACHER_HEAD, time.perf_counter() - began
                )
                await self._return(exchange, response, tee)
        except TeacherUnreachable as error:
            unreachable = True
            await _bad_gateway(exchange, error)
        except ClientDisconnected:
            pass  # nobody is left to answer; the teacher's connection is closed
        took = time.perf_counter() - began
        if status is not None:
            self._latencies.add(LatencyLeg.TEACHER_WHOLE, took)
        return ProxyResult(status, took * 1000, unreachable)

    async def _ask(
        self,
        exchange: HttpExchange,
        body: bytes | RequestBody | None,
        tee: ResponseTee | None,
    ) -> UpstreamResponse:
        mine = tee is not None
        headers = request_headers(
            exchange.headers, readable=mine, key=self._upstream.key
        )
        target = self._upstream.target(exchange.raw_path, exchange.query)
        return await self._upstream.ask(
            exchange.method, target, headers, body, repeatable=mine
        )

    async def _return(
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
            async for piece in response.iter_body():
                if tee:
                    tee.piece(piece)
                if response.ended:
                    last = piece  # leaves together with the end
                else:
                    await exchange.send_chunk(piece)
            if tee:
                tee.end()
            await exchange.end(last)
        except TransportError as error:
            # The status is out: leaving the response unfinished is what tells the
            # client, as it would have been told by the teacher itself.
            self._upstream.failed(error)


async def _bad_gateway(exchange: HttpExchange, error: TeacherUnreachable) -> None:
    message = f"The teacher could not be reached: {error}"
    await exchange.reject(
        HTTPStatus.BAD_GATEWAY, message, "api_connection_error", "teacher_unreachable"
    )
