"""Carries one exchange to the teacher and its answer back, byte for byte."""

import time
from http import HTTPStatus
from typing import NamedTuple

from tracer_bentos.http_client.connection import Upload, WireError
from tracer_bentos.serving.http_server.cancel_on_disconnect import UntilGone
from tracer_bentos.serving.http_server.exchange import ClientGone, Exchange
from tracer_bentos.serving.http_server.headers import from_teacher, to_teacher
from tracer_bentos.serving.http_server.tee import Tee
from tracer_bentos.serving.telemetry.latency import Latencies, Leg
from tracer_bentos.serving.upstream.teacher import (
    Arriving,
    TeacherUnreachable,
    Upstream,
)

__all__ = ["Relay", "Relayed"]


class Relayed(NamedTuple):
    """How an exchange with the teacher ended."""

    status: int | None
    """The teacher's status; none when it gave no answer."""
    latency_ms: float
    """From asking to the last byte, in milliseconds."""
    unreachable: bool = False
    """Whether the client got an error of ours, as the teacher did not answer."""


class Relay:
    """Passes exchanges through to the teacher."""

    def __init__(self, upstream: Upstream, latencies: Latencies) -> None:
        self._upstream = upstream
        self._latencies = latencies

    async def stream(self, exchange: Exchange) -> Relayed:
        """Pass an exchange through without reading any of it."""
        body = exchange.upload() if exchange.has_body else None
        return await self._carry(exchange, body, tee=None)

    async def buffered(
        self, exchange: Exchange, body: bytes, tee: Tee | None = None
    ) -> Relayed:
        """Pass an exchange through whose body has been read.

        Args:
            exchange: What the client asked.
            body: The whole request body.
            tee: Gets a copy of the answer; the request is then safe to repeat.
        """
        return await self._carry(exchange, body, tee=tee)

    async def _carry(
        self,
        exchange: Exchange,
        body: bytes | Upload | None,
        *,
        tee: Tee | None,
    ) -> Relayed:
        began = time.perf_counter()
        status, unreachable = None, False
        try:
            async with (
                UntilGone(exchange),
                await self._ask(exchange, body, tee) as response,
            ):
                status = response.status
                self._latencies.add(Leg.TEACHER_HEAD, time.perf_counter() - began)
                await self._return(exchange, response, tee)
        except TeacherUnreachable as error:
            unreachable = True
            await _bad_gateway(exchange, error)
        except ClientGone:
            pass  # nobody is left to answer; the teacher's connection is closed
        took = time.perf_counter() - began
        if status is not None:
            self._latencies.add(Leg.TEACHER_WHOLE, took)
        return Relayed(status, took * 1000, unreachable)

    async def _ask(
        self,
        exchange: Exchange,
        body: bytes | Upload | None,
        tee: Tee | None,
    ) -> Arriving:
        mine = tee is not None
        headers = to_teacher(exchange.headers, readable=mine, key=self._upstream.key)
        target = self._upstream.target(exchange.raw_path, exchange.query)
        return await self._upstream.ask(
            exchange.method, target, headers, body, repeatable=mine
        )

    async def _return(
        self, exchange: Exchange, response: Arriving, tee: Tee | None
    ) -> None:
        headers = from_teacher(response.headers, response.status)
        last = b""
        if tee:
            tee.start(response.status, headers)
        try:
            await exchange.start(response.status, headers)
            async for piece in response.pieces():
                if tee:
                    tee.piece(piece)
                if response.ended:
                    last = piece  # leaves together with the end
                else:
                    await exchange.piece(piece)
            if tee:
                tee.end()
            await exchange.end(last)
        except WireError as error:
            # The status is out: leaving the response unfinished is what tells the
            # client, as it would have been told by the teacher itself.
            self._upstream.failed(error)


async def _bad_gateway(exchange: Exchange, error: TeacherUnreachable) -> None:
    message = f"The teacher could not be reached: {error}"
    await exchange.refuse(
        HTTPStatus.BAD_GATEWAY, message, "api_connection_error", "teacher_unreachable"
    )
