"""The traffic port: who answers each request, and what is noted about it."""

import dataclasses
import logging
import time
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from tracer_bentos.protocols.adapter import (
    Adapter,
    ParsedRequest,
    ParsedResponse,
    RenderedResponse,
)
from tracer_bentos.protocols.protocol_config import ProtocolConfig
from tracer_bentos.protocols.registry import BETA_HEADERS, index_by_path
from tracer_bentos.serving.audits.auditor import Auditor
from tracer_bentos.serving.auth.authentication import Authenticator
from tracer_bentos.serving.decision.admission import DecisionService
from tracer_bentos.serving.http_server.exchange import (
    BodyTooLarge,
    ClientDisconnected,
    Headers,
    HttpExchange,
    Receive,
    Scope,
    Send,
)
from tracer_bentos.serving.http_server.limits import ConcurrencyLimiter, RequestLimits
from tracer_bentos.serving.http_server.rejections import Rejection, build_rejection
from tracer_bentos.serving.http_server.tee import ResponseTee
from tracer_bentos.serving.records import Admission, Caller, Deferral, PredictionView
from tracer_bentos.serving.telemetry.counters import InternalFault, ProcessCounters
from tracer_bentos.serving.telemetry.latency import LatencyLeg
from tracer_bentos.serving.telemetry.request_recorder import RequestRecorder
from tracer_bentos.serving.upstream.proxy import ProxyResult, TeacherProxy
from tracer_bentos.serving.upstream.response_parser import parse_response_copy
from tracer_bentos.serving.upstream.sticky_split import StickySplit
from tracer_bentos.tasks.registry import TaskRegistry
from tracer_core.contracts.traces import AnsweredBy, TraceStatus

__all__ = ["RequestRouter"]

_log = logging.getLogger(__name__)

_NO_ANSWER: Final = ParsedResponse(TraceStatus.FAILED)
_AUTH_FAILURES: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class RequestRouter:
    """The ASGI application that clients talk to."""

    def __init__(  # noqa: PLR0913 - everything is wired here, by name
        self,
        *,
        speech: ProtocolConfig,
        tasks: TaskRegistry,
        desk: DecisionService,
        relay: TeacherProxy,
        diverter: StickySplit,
        auditor: Auditor,
        journal: RequestRecorder,
        gate: Authenticator,
        counts: ProcessCounters,
        limits: RequestLimits,
        revision: int,
        task_header: str,
    ) -> None:
        self._speech = speech
        self._adapters = index_by_path(speech.adapters)
        self._tasks = tasks
        self._desk = desk
        self._relay = relay
        self._diverter = diverter
        self._auditor = auditor
        self._journal = journal
        self._gate = gate
        self._counts = counts
        self._limits = limits
        self._places = ConcurrencyLimiter(limits.at_once)
        self._revision = str(revision).encode()
        self._task_header = task_header
        self.draining = False
        """Whether clients shall be asked to open new connections elsewhere."""

    @property
    def in_flight(self) -> int:
        """Requests that have not been answered to the end."""
        return self._places.in_use

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        if scope["type"] != "http":
            return  # the teacher's protocols need nothing else
        self._counts.requests += 1
        exchange = HttpExchange(scope, receive, send)
        exchange.closing = self.draining
        adapter = self._adapters.get(exchange.raw_path)
        exchange.error_body = (
            adapter.error_body
            if adapter
            else self._speech.error_body(exchange.raw_path)
        )
        if not self._places.acquire():
            await self._reject(exchange, Rejection.TOO_MANY)
            return
        try:
            await self._authenticate(exchange, adapter)
        except ClientDisconnected:
            _log.debug("a client left before its request was complete")
        finally:
            self._places.release()

    async def _authenticate(
        self, exchange: HttpExchange, adapter: Adapter | None
    ) -> None:
        caller = self._gate.authenticate(exchange)
        if caller is None:
            await self._reject(exchange, Rejection.KEY_UNKNOWN)
        else:
            await self._route(exchange, adapter, caller)

    async def _route(
        self, exchange: HttpExchange, adapter: Adapter | None, caller: Caller
    ) -> None:
        if exchange.header("upgrade") == "websocket":
            await self._reject(exchange, Rejection.WEBSOCKET)
            return
        if adapter is None or not _may_be_read(exchange):
            self._count(await self._relay.stream(exchange))
            return
        try:
            body = await exchange.read_body(self._limits.request_bytes)
        except BodyTooLarge:
            await self._reject(exchange, Rejection.TOO_LARGE)
            return
        exchange.began = time.perf_counter()
        asked = self._parse(adapter, body)
        if asked is None:
            self._count(await self._relay.buffered(exchange, body))
        elif await self._diverter.try_forward(exchange, body):
            self._counts.diverted += 1
        else:
            await self._handle(exchange, asked, body, caller)

    async def _handle(
        self, exchange: HttpExchange, asked: ParsedRequest, body: bytes, caller: Caller
    ) -> None:
        admission = await self._admit(exchange, asked, caller)
        if admission is None:
            self._count(await self._relay.buffered(exchange, body))
            return
        if admission.repeated is not None and await self._repeat(exchange, admission):
            return
        rendered = None
        if admission.answer:
            admission, rendered = self._render(admission, admission.answer)
        self._journal.record_admission(admission)
        if admission.answer and rendered:
            await self._answer(exchange, admission, admission.answer, rendered)
        else:
            await self._defer(exchange, body, admission)

    def _parse(self, adapter: Adapter, body: bytes) -> ParsedRequest | None:
        try:
            return adapter.read(body)
        except Exception as error:  # noqa: BLE001 - whatever it is, the teacher answers
            self._fault(InternalFault.ADMISSION, error)
            return None

    async def _admit(
        self, exchange: HttpExchange, asked: ParsedRequest, caller: Caller
    ) -> Admission | None:
        try:
            named = exchange.header(self._task_header)
            question = self._tasks.identify(asked, named)
            return await self._desk.admit(exchange, question, caller)
        except RecursionError:
            return None  # nested too deep for anybody; no fault of ours
        except Exception as error:  # noqa: BLE001 - whatever it is, the teacher answers
            self._fault(InternalFault.ADMISSION, error)
            return None

    async def _repeat(self, exchange: HttpExchange, admission: Admission) -> bool:
        """Give the teacher's earlier answer again; false when it cannot be written."""
        asked = admission.question.asked
        rendered = asked.adapter.render(asked, admission.repeated or "")
        if rendered is None:
            return False
        self._journal.record_cached_answer(admission)
        headers = [
            (b"content-type", rendered.content_type.encode()),
            (asked.adapter.request_id.encode(), admission.id.encode()),
            (b"x-tracer-decision", AnsweredBy.CACHE.encode()),
        ]
        await exchange.respond(HTTPStatus.OK, headers, rendered.content)
        return True

    def _render(
        self, admission: Admission, answer: PredictionView
    ) -> tuple[Admission, RenderedResponse | None]:
        asked = admission.question.asked
        try:
            rendered = asked.adapter.render(asked, answer.label)
            reason = None if rendered else Deferral.NOT_HONOURED
        except Exception as error:  # noqa: BLE001 - whatever it is, the teacher answers
            self._fault(InternalFault.SURROGATE, error)
            rendered, reason = None, Deferral.SURROGATE_FAILED
        return dataclasses.replace(admission, deferral=reason), rendered

    async def _answer(
        self,
        exchange: HttpExchange,
        admission: Admission,
        answer: PredictionView,
        rendered: RenderedResponse,
    ) -> None:
        ticket = self._auditor.admit(admission)
        self._journal.record_surrogate_answer(admission)
        headers = self._headers(admission, answer, rendered)
        try:
            await exchange.respond(HTTPStatus.OK, headers, rendered.content)
        finally:
            self._observe_latency(
                LatencyLeg.SURROGATE, exchange
            )  # broken off by the client, too
            if ticket:
                self._auditor.begin(ticket, admission, exchange)

    def _headers(
        self, admission: Admission, answer: PredictionView, rendered: RenderedResponse
    ) -> Headers:
        return [
            (b"content-type", rendered.content_type.encode()),
            (
                admission.question.asked.adapter.request_id.encode(),
                admission.id.encode(),
            ),
            # Whether it is audited is nobody's business: the same word for both.
            (b"x-tracer-decision", AnsweredBy.SURROGATE.encode()),
            (b"x-tracer-revision", self._revision),
            (b"x-tracer-cell", quote(answer.cell, safe=" /:,;()").encode()),
        ]

    async def _defer(
        self, exchange: HttpExchange, body: bytes, admission: Admission
    ) -> None:
        tee, ticket = ResponseTee(), self._auditor.admit(admission)
        answer: ParsedResponse | None = _NO_ANSWER
        self._observe_latency(LatencyLeg.TEACHER, exchange)
        try:
            relayed = await self._relay.buffered(exchange, body, tee)
            self._count(relayed)
            answer = self._record_answer(admission, relayed, tee)
        finally:
            if ticket and answer:
                self._auditor.settle(ticket, admission, answer)
            elif ticket:
                self._auditor.withdraw(ticket, admission)

    def _record_answer(
        self, admission: Admission, relayed: ProxyResult, tee: ResponseTee
    ) -> ParsedResponse | None:
        """Note what the teacher said; none when it turned the caller down."""
        if relayed.status is not None:
            model = admission.question.model
            self._gate.record_status(admission.caller, model, relayed.status)
        if relayed.status in _AUTH_FAILURES:
            return None  # strangers' texts are neither kept nor counted
        answer = _NO_ANSWER
        try:
            answer = parse_response_copy(
                admission.question.asked, tee, self._desk.redactor
            )
            self._journal.record_teacher_answer(admission, answer, relayed.latency_ms)
            if self._desk.cache and answer.label is not None:
                self._desk.cache.put(admission.question, admission.caller, answer.label)
        except Exception as error:  # noqa: BLE001 - the client has its answer already
            self._fault(InternalFault.TRACE, error)
        return answer

    async def _reject(self, exchange: HttpExchange, refusal: Rejection) -> None:
        self._counts.refusals[refusal] += 1
        await build_rejection(exchange, refusal)

    def _observe_latency(self, leg: LatencyLeg, exchange: HttpExchange) -> None:
        self._counts.latencies.add(leg, time.perf_counter() - exchange.began)

    def _count(self, relayed: ProxyResult) -> None:
        if relayed.unreachable:
            self._counts.failed += 1
        elif relayed.status is not None:
            self._counts.teacher += 1

    def _fault(self, fault: InternalFault, error: Exception) -> None:
        self._counts.faults[fault] += 1
        _log.warning("%s failed: %s; the teacher answers", fault, type(error).__name__)


def _may_be_read(exchange: HttpExchange) -> bool:
    """Say whether an adapter knows what such a request means; it may still decline."""
    known = exchange.method == "POST" and not exchange.query
    return known and not any(exchange.header(name) for name in BETA_HEADERS)
