"""The ASGI application of the traffic port: routes each request to its answer.

The flow of a request, in the order of the methods below:

1. `__call__` applies the limit of concurrent requests.
2. `_handle` authenticates the caller. It streams every request that no adapter can
   parse to the teacher.
3. `_handle_question` reads and parses the body. It tries the candidate of a sticky
   split.
4. `_decide` admits the question and selects the source of the answer: the cache, the
   surrogate, or the teacher.

If parsing, admission, or rendering fails, the teacher answers.
"""

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
    RequestTarget,
)
from tracer_bentos.protocols.protocol_config import ProtocolConfig
from tracer_bentos.protocols.registry import BETA_HEADERS, build_table, find_adapter
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
from tracer_bentos.serving.http_server.limits import ConcurrencyLimiter
from tracer_bentos.serving.http_server.rejections import Rejection, send_rejection
from tracer_bentos.serving.http_server.tee import ResponseTee
from tracer_bentos.serving.records import Admission, Caller, Deferral, PredictionView
from tracer_bentos.serving.telemetry.counters import InternalFault, ProcessCounters
from tracer_bentos.serving.telemetry.latency import LatencyLeg
from tracer_bentos.serving.telemetry.request_recorder import RequestRecorder
from tracer_bentos.serving.upstream.proxy import ProxyResult, TeacherProxy
from tracer_bentos.serving.upstream.response_parser import parse_response_copy
from tracer_bentos.serving.upstream.sticky_split import StickySplit
from tracer_bentos.tasks.registry import TaskRegistry
from tracer_core.contracts.runtime_config import LimitsConfig
from tracer_core.contracts.traces import AnsweredBy, TraceStatus

__all__ = ["RequestRouter"]

_log = logging.getLogger(__name__)

_NO_ANSWER: Final = ParsedResponse(TraceStatus.FAILED)
_AUTH_FAILURES: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class RequestRouter:
    """Routes the requests of clients."""

    def __init__(  # noqa: PLR0913 - keyword arguments only
        self,
        *,
        protocol: ProtocolConfig,
        task_registry: TaskRegistry,
        decisions: DecisionService,
        proxy: TeacherProxy,
        sticky_split: StickySplit,
        auditor: Auditor,
        recorder: RequestRecorder,
        authenticator: Authenticator,
        counters: ProcessCounters,
        limits: LimitsConfig,
        revision: int,
        task_header: str,
    ) -> None:
        self._protocol = protocol
        self._adapters = build_table(protocol.adapters)
        self._task_registry = task_registry
        self._decisions = decisions
        self._proxy = proxy
        self._sticky_split = sticky_split
        self._auditor = auditor
        self._recorder = recorder
        self._authenticator = authenticator
        self._counters = counters
        self._limits = limits
        self._limiter = ConcurrencyLimiter(limits.concurrent_requests)
        self._revision = str(revision).encode()
        self._task_header = task_header
        self.draining = False
        """Whether responses ask clients to close their connections."""

    @property
    def in_flight(self) -> int:
        """Requests without a complete response."""
        return self._limiter.in_use

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI request."""
        if scope["type"] != "http":
            return  # the protocols of teachers use only HTTP requests
        self._counters.requests += 1
        exchange = HttpExchange(scope, receive, send)
        exchange.close_connection = self.draining
        adapter = self._find_adapter(exchange)
        if not self._limiter.acquire():
            await self._reject(exchange, Rejection.TOO_MANY)
            return
        try:
            await self._handle(exchange, adapter)
        except ClientDisconnected:
            _log.debug("client disconnected before its request was complete")
        finally:
            self._limiter.release()

    async def _handle(self, exchange: HttpExchange, adapter: Adapter | None) -> None:
        """Authenticate the caller; stream what no adapter can parse to the teacher."""
        caller = self._authenticator.authenticate(exchange)
        if caller is None:
            await self._reject(exchange, Rejection.KEY_UNKNOWN)
        elif exchange.header("upgrade") == "websocket":
            await self._reject(exchange, Rejection.WEBSOCKET)
        elif adapter is None or not _is_parsable(exchange):
            self._count_upstream(await self._proxy.stream(exchange))
        else:
            await self._handle_question(exchange, adapter, caller)

    async def _handle_question(
        self, exchange: HttpExchange, adapter: Adapter, caller: Caller
    ) -> None:
        """Read and parse the request; try the candidate of a sticky split."""
        try:
            body = await exchange.read_body(self._limits.request_bytes)
        except BodyTooLarge:
            await self._reject(exchange, Rejection.TOO_LARGE)
            return
        exchange.latency_start = time.perf_counter()
        request = self._parse(adapter, body, exchange.target)
        if request is None:
            self._count_upstream(await self._proxy.buffered(exchange, body))
        elif await self._sticky_split.try_forward(exchange, body):
            self._counters.diverted += 1
        else:
            await self._decide(exchange, request, body, caller)

    async def _decide(
        self,
        exchange: HttpExchange,
        request: ParsedRequest,
        body: bytes,
        caller: Caller,
    ) -> None:
        """Admit the question and answer it from the cache, surrogate, or teacher."""
        admission = await self._admit(exchange, request, caller)
        if admission is None:
            self._count_upstream(await self._proxy.buffered(exchange, body))
            return
        if admission.cached_label is not None and await self._answer_from_cache(
            exchange, admission, admission.cached_label
        ):
            return
        rendered = None
        if admission.answer:
            admission, rendered = self._render(admission, admission.answer)
        self._recorder.record_admission(admission)
        if admission.answer and rendered:
            await self._answer_from_surrogate(
                exchange, admission, admission.answer, rendered
            )
        else:
            await self._answer_from_teacher(exchange, body, admission)

    def _find_adapter(self, exchange: HttpExchange) -> Adapter | None:
        """Return the adapter of a request, and set the conventions of its API."""
        target = exchange.target
        try:
            adapter = find_adapter(self._adapters, target)
            if adapter is not None:
                exchange.conventions = adapter.conventions(target)
                return adapter
        except Exception as error:  # noqa: BLE001 - after any error, the teacher answers
            self._record_fault(InternalFault.ADMISSION, error)
        exchange.conventions = self._protocol.conventions_for(target.path)
        return None

    def _parse(
        self, adapter: Adapter, body: bytes, target: RequestTarget
    ) -> ParsedRequest | None:
        """Return the parsed request; None if only the teacher can answer it."""
        try:
            return adapter.parse_request(body, target)
        except Exception as error:  # noqa: BLE001 - after any error, the teacher answers
            self._record_fault(InternalFault.ADMISSION, error)
            return None

    async def _admit(
        self, exchange: HttpExchange, request: ParsedRequest, caller: Caller
    ) -> Admission | None:
        """Identify the task and decide; None if only the teacher can answer."""
        try:
            task_name = exchange.header(self._task_header)
            question = self._task_registry.identify(request, task_name)
            return await self._decisions.admit(exchange, question, caller)
        except RecursionError:
            return None  # the request is nested too deeply; not a fault of the router
        except Exception as error:  # noqa: BLE001 - after any error, the teacher answers
            self._record_fault(InternalFault.ADMISSION, error)
            return None

    async def _answer_from_cache(
        self, exchange: HttpExchange, admission: Admission, label: str
    ) -> bool:
        """Send an earlier answer of the teacher; return whether it can be rendered."""
        request = admission.question.request
        rendered = request.adapter.render(request, label)
        if rendered is None:
            return False
        self._recorder.record_cached_answer(admission)
        headers = _answer_headers(admission, rendered, AnsweredBy.CACHE)
        await exchange.respond(HTTPStatus.OK, headers, rendered.content)
        return True

    def _render(
        self, admission: Admission, answer: PredictionView
    ) -> tuple[Admission, RenderedResponse | None]:
        """Render the answer of the surrogate; defer to the teacher if it cannot be."""
        request = admission.question.request
        try:
            rendered = request.adapter.render(request, answer.label)
            reason = None if rendered else Deferral.NOT_HONOURED
        except Exception as error:  # noqa: BLE001 - after any error, the teacher answers
            self._record_fault(InternalFault.SURROGATE, error)
            rendered, reason = None, Deferral.SURROGATE_FAILED
        return dataclasses.replace(admission, deferral=reason), rendered

    async def _answer_from_surrogate(
        self,
        exchange: HttpExchange,
        admission: Admission,
        answer: PredictionView,
        rendered: RenderedResponse,
    ) -> None:
        """Send the answer of the surrogate and start its audit if it is sampled."""
        audit = self._auditor.admit(admission)
        self._recorder.record_surrogate_answer(admission)
        # Audited and other answers have the same header value, so that a client cannot
        # distinguish them.
        headers = [
            *_answer_headers(admission, rendered, AnsweredBy.SURROGATE),
            (b"x-tracer-revision", self._revision),
            (b"x-tracer-cell", quote(answer.cell, safe=" /:,;()").encode()),
        ]
        try:
            await exchange.respond(HTTPStatus.OK, headers, rendered.content)
        finally:  # also if the client disconnects
            self._observe_latency(LatencyLeg.SURROGATE, exchange)
            if audit:
                self._auditor.begin(audit, admission, exchange)

    async def _answer_from_teacher(
        self, exchange: HttpExchange, body: bytes, admission: Admission
    ) -> None:
        """Forward the question to the teacher and settle the audit of a shadow."""
        tee, audit = ResponseTee(), self._auditor.admit(admission)
        answer: ParsedResponse | None = _NO_ANSWER
        self._observe_latency(LatencyLeg.TEACHER, exchange)
        try:
            result = await self._proxy.buffered(exchange, body, tee)
            self._count_upstream(result)
            answer = self._record_answer(admission, result, tee)
        finally:
            if audit and answer:
                self._auditor.settle(audit, admission, answer)
            elif audit:
                self._auditor.withdraw(audit, admission)

    def _record_answer(
        self, admission: Admission, result: ProxyResult, tee: ResponseTee
    ) -> ParsedResponse | None:
        """Record and cache the answer; None if the teacher rejected the caller."""
        if result.status is not None:
            scope = admission.question.request.access_scope
            self._authenticator.record_status(admission.caller, scope, result.status)
        if result.status in _AUTH_FAILURES:
            return None  # texts of unauthenticated callers are neither kept nor counted
        answer = _NO_ANSWER
        try:
            answer = parse_response_copy(
                admission.question.request, tee, self._decisions.redactor
            )
            self._recorder.record_teacher_answer(admission, answer, result.latency_ms)
            if self._decisions.cache and answer.label is not None:
                self._decisions.cache.put(
                    admission.question, admission.caller, answer.label
                )
        except Exception as error:  # noqa: BLE001 - the client already has its answer
            self._record_fault(InternalFault.TRACE, error)
        return answer

    async def _reject(self, exchange: HttpExchange, rejection: Rejection) -> None:
        self._counters.refusals[rejection] += 1
        await send_rejection(exchange, rejection)

    def _observe_latency(self, leg: LatencyLeg, exchange: HttpExchange) -> None:
        seconds = time.perf_counter() - exchange.latency_start
        self._counters.latencies.observe(leg, seconds)

    def _count_upstream(self, result: ProxyResult) -> None:
        if result.unreachable:
            self._counters.failed += 1
        elif result.status is not None:
            self._counters.teacher += 1

    def _record_fault(self, fault: InternalFault, error: Exception) -> None:
        self._counters.faults[fault] += 1
        _log.warning("%s failed: %s; the teacher answers", fault, type(error).__name__)


def _is_parsable(exchange: HttpExchange) -> bool:
    """Return whether no header changes the meaning of the request."""
    return not any(exchange.header(name) for name in BETA_HEADERS)


def _answer_headers(
    admission: Admission, rendered: RenderedResponse, source: AnsweredBy
) -> Headers:
    request_id = admission.question.request.adapter.request_id_header
    return [
        (b"content-type", rendered.content_type.encode()),
        (request_id.encode(), admission.id.encode()),
        (b"x-tracer-decision", source.encode()),
    ]
