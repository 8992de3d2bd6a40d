"""Audits answers of the surrogate with background calls to the teacher."""

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Final

from tracer_bentos.http_client.connection import TransportError
from tracer_bentos.protocols.adapter import ParsedResponse
from tracer_bentos.redaction.redactor import Redactor
from tracer_bentos.serving.audits.session_ownership import SessionOwnership
from tracer_bentos.serving.auth.authentication import Authenticator
from tracer_bentos.serving.decision.audit_rate_limit import AuditRateLimit
from tracer_bentos.serving.http_server.exchange import Headers, HttpExchange
from tracer_bentos.serving.http_server.headers import request_headers, response_headers
from tracer_bentos.serving.http_server.tee import ResponseTee
from tracer_bentos.serving.records import Admission
from tracer_bentos.serving.telemetry.counters import InternalFault, ProcessCounters
from tracer_bentos.serving.telemetry.ordered_results import AuditOutcome
from tracer_bentos.serving.telemetry.request_recorder import RequestRecorder
from tracer_bentos.serving.upstream.response_parser import parse_response_copy
from tracer_bentos.serving.upstream.teacher import TeacherClient, TeacherUnreachable
from tracer_core.contracts.traces import TraceStatus

__all__ = ["AuditHandle", "Auditor"]

_log = logging.getLogger(__name__)

MAX_CONCURRENT_AUDITS: Final = 32
MAX_PENDING_AUDITS: Final = 512
AUDIT_TIMEOUT_SECONDS: Final = 120.0
_BODY_HEADERS: Final = frozenset({b"accept", b"content-length", b"content-type"})
_FAILED: Final = ParsedResponse(TraceStatus.FAILED)


@dataclass(frozen=True, slots=True)
class AuditHandle:
    """An admitted audit."""

    number: int | None
    """Number of the audit in its task; None if it is not evidence, see
    `session_ownership`."""


class Auditor:
    """Runs audits, with a limit on concurrent audits and on all unfinished audits."""

    def __init__(  # noqa: PLR0913 - keyword arguments only
        self,
        *,
        upstream: TeacherClient,
        recorder: RequestRecorder,
        counters: ProcessCounters,
        authenticator: Authenticator,
        redactor: Redactor,
        session_ownership: SessionOwnership,
        audit_limit: AuditRateLimit,
    ) -> None:
        self._upstream = upstream
        self._recorder = recorder
        self._counters = counters
        self._authenticator = authenticator
        self._redactor = redactor
        self._session_ownership = session_ownership
        self._audit_limit = audit_limit
        self._slots = asyncio.Semaphore(MAX_CONCURRENT_AUDITS)
        self._running: set[asyncio.Task[None]] = set()

    @property
    def in_flight(self) -> int:
        """Audits in progress or queued."""
        return len(self._running)

    def admit(self, admission: Admission) -> AuditHandle | None:
        """Admit the audit of an answer before it is sent; None if it is not sampled.

        An answer of a shadow is audited with the response of the teacher to the client.

        All sampled accepted answers are audited, for the uniform sample. Evidence
        counts one audit for each session and window, since the answers of one session
        are not independent.
        """
        if admission.audited_prediction is None or not admission.draw.sampled:
            return None
        task = admission.question.task
        if not self._session_ownership.is_first_audit(task, admission.session):
            return AuditHandle(None)
        return AuditHandle(self._counters.task(task).audits.admit())

    def settle(
        self, handle: AuditHandle, admission: Admission, answer: ParsedResponse
    ) -> None:
        """Record the outcome of an audit; it is MISSING if there is no label."""
        prediction = admission.audited_prediction
        cell = prediction.cell if prediction else ""
        if handle.number is not None:
            audits = self._counters.task(admission.question.task).audits
            audits.settle(handle.number, _outcome(admission, answer), cell)

    def withdraw(self, handle: AuditHandle, admission: Admission) -> None:
        """Remove an audit without an outcome: the teacher rejected the caller."""
        if handle.number is not None:
            self._counters.task(admission.question.task).audits.withdraw(handle.number)

    def begin(
        self, handle: AuditHandle, admission: Admission, exchange: HttpExchange
    ) -> None:
        """Call the teacher in the background."""
        if len(self._running) >= MAX_PENDING_AUDITS:
            self._complete(handle, admission, _FAILED, 0.0)
            return
        self._audit_limit.consume()
        headers = [
            header for header in exchange.headers if header[0] not in _BODY_HEADERS
        ]
        task = asyncio.create_task(self._run(handle, admission, headers, exchange))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def finish(self, deadline: float) -> None:
        """Wait for running audits; cancel those that exceed the deadline.

        Args:
            deadline: Maximum time in seconds. A canceled audit counts as MISSING.
        """
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=deadline)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _run(
        self,
        handle: AuditHandle,
        admission: Admission,
        headers: Headers,
        exchange: HttpExchange,
    ) -> None:
        answer, start = _FAILED, time.perf_counter()
        try:
            async with self._slots, asyncio.timeout(AUDIT_TIMEOUT_SECONDS):
                start = time.perf_counter()
                answer = await self._call_teacher(admission, headers, exchange)
        except (TeacherUnreachable, TimeoutError, TransportError) as error:
            _log.info("audit has no answer: %s", type(error).__name__)
        except Exception as error:  # noqa: BLE001 - an audit must always be settled
            self._counters.faults[InternalFault.AUDIT] += 1
            _log.warning("audit failed: %s", type(error).__name__)
        finally:
            latency_ms = (time.perf_counter() - start) * 1000
            self._complete(handle, admission, answer, latency_ms)

    async def _call_teacher(
        self, admission: Admission, headers: Headers, exchange: HttpExchange
    ) -> ParsedResponse:
        key = self._upstream.credential(exchange.conventions)
        forwarded = request_headers(headers, readable=True, key=key)
        forwarded.append((b"content-type", b"application/json"))
        target = self._upstream.target(exchange.raw_path, exchange.query)
        request = admission.question.request
        body = request.adapter.audit_body(request)
        response = await self._upstream.send(
            "POST", target, forwarded, body, retryable=True
        )
        # The audit uses the key of the caller, so the first audit detects a revocation.
        scope = request.access_scope
        self._authenticator.record_status(admission.caller, scope, response.status)
        tee = ResponseTee()
        async with response:
            tee.start(
                response.status, response_headers(response.headers, response.status)
            )
            async for chunk in response.iter_body():
                tee.append(chunk)
            tee.end()
        return parse_response_copy(request, tee, self._redactor)

    def _complete(
        self,
        handle: AuditHandle,
        admission: Admission,
        answer: ParsedResponse,
        latency_ms: float,
    ) -> None:
        self.settle(handle, admission, answer)
        self._recorder.record_teacher_answer(admission, answer, latency_ms)


def _outcome(admission: Admission, answer: ParsedResponse) -> AuditOutcome:
    prediction = admission.audited_prediction
    if answer.label is None or prediction is None:
        return AuditOutcome.MISSING
    agreed = answer.label == prediction.label
    return AuditOutcome.AGREED if agreed else AuditOutcome.DISAGREED
