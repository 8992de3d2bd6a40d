"""Asks the teacher in the background about answers that the surrogate has given."""

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
DEADLINE_SECONDS: Final = 120.0
_OF_THE_BODY: Final = frozenset({b"accept", b"content-length", b"content-type"})
_FAILED: Final = ParsedResponse(TraceStatus.FAILED)


@dataclass(frozen=True, slots=True)
class AuditHandle:
    """The right to one audit."""

    number: int | None
    """Its number in the task; none when it is no evidence, see `sessions`."""


class Auditor:
    """Runs audits, some at once and a bounded number waiting."""

    def __init__(  # noqa: PLR0913 - the last two by name
        self,
        *,
        upstream: TeacherClient,
        journal: RequestRecorder,
        counts: ProcessCounters,
        gate: Authenticator,
        redactor: Redactor,
        sessions: SessionOwnership,
        budget: AuditRateLimit,
    ) -> None:
        self._upstream = upstream
        self._journal = journal
        self._counts = counts
        self._gate = gate
        self._redactor = redactor
        self._budget = budget
        self._slots = asyncio.Semaphore(MAX_CONCURRENT_AUDITS)
        self._running: set[asyncio.Task[None]] = set()
        self._sessions = sessions

    @property
    def in_flight(self) -> int:
        """Audits asked or waiting to be."""
        return len(self._running)

    def admit(self, admission: Admission) -> AuditHandle | None:
        """Number the audit of an answer on its way out; none when the coin is tails.

        A shadow's answer is audited by the teacher's own, which the client gets.

        Every accepted answer with heads is checked, for the uniform sample; evidence
        counts one a session and window, since answers of one session are not
        independent.
        """
        if admission.checked is None or not admission.toss.sampled:
            return None
        task = admission.question.task
        if not self._sessions.is_first_audit(task, admission.session):
            return AuditHandle(None)
        return AuditHandle(self._counts.task(task).audits.admit())

    def settle(
        self, ticket: AuditHandle, admission: Admission, answer: ParsedResponse
    ) -> None:
        """Note what the teacher said about the answer, or that it said nothing."""
        cell = admission.checked.cell if admission.checked else ""
        if ticket.number is not None:
            audits = self._counts.task(admission.question.task).audits
            audits.settle(ticket.number, _verdict(admission, answer), cell)

    def withdraw(self, ticket: AuditHandle, admission: Admission) -> None:
        """Note that there is nothing to compare: the caller was a stranger."""
        if ticket.number is not None:
            self._counts.task(admission.question.task).audits.withdraw(ticket.number)

    def begin(
        self, ticket: AuditHandle, admission: Admission, exchange: HttpExchange
    ) -> None:
        """Ask the teacher in the background."""
        if len(self._running) >= MAX_PENDING_AUDITS:
            self._end(ticket, admission, _FAILED, 0.0)
            return
        self._budget.consume()
        headers = [pair for pair in exchange.headers if pair[0] not in _OF_THE_BODY]
        task = asyncio.create_task(self._run(ticket, admission, headers, exchange))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def finish(self, deadline: float) -> None:
        """Let running audits end; those past the deadline count as missing."""
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=deadline)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _run(
        self,
        ticket: AuditHandle,
        admission: Admission,
        headers: Headers,
        exchange: HttpExchange,
    ) -> None:
        answer, began = _FAILED, time.perf_counter()
        try:
            async with self._slots, asyncio.timeout(DEADLINE_SECONDS):
                began = time.perf_counter()
                answer = await self._ask(admission, headers, exchange)
        except (TeacherUnreachable, TimeoutError, TransportError) as error:
            _log.info("audit without an answer: %s", type(error).__name__)
        except Exception as error:  # noqa: BLE001 - an audit must always be settled
            self._counts.faults[InternalFault.AUDIT] += 1
            _log.warning("audit failed: %s", type(error).__name__)
        finally:
            latency_ms = (time.perf_counter() - began) * 1000
            self._end(ticket, admission, answer, latency_ms)

    async def _ask(
        self, admission: Admission, headers: Headers, exchange: HttpExchange
    ) -> ParsedResponse:
        forwarded = request_headers(headers, readable=True, key=self._upstream.key)
        forwarded.append((b"content-type", b"application/json"))
        target = self._upstream.target(exchange.raw_path)
        asked = admission.question.asked
        body = asked.adapter.audit_body(asked)
        response = await self._upstream.ask(
            "POST", target, forwarded, body, repeatable=True
        )
        # The caller's own key: a revoked one stops with the first audit.
        model = admission.question.model
        self._gate.record_status(admission.caller, model, response.status)
        tee = ResponseTee()
        async with response:
            tee.start(
                response.status, response_headers(response.headers, response.status)
            )
            async for piece in response.iter_body():
                tee.piece(piece)
            tee.end()
        return parse_response_copy(asked, tee, self._redactor)

    def _end(
        self,
        ticket: AuditHandle,
        admission: Admission,
        answer: ParsedResponse,
        latency_ms: float,
    ) -> None:
        self.settle(ticket, admission, answer)
        self._journal.record_teacher_answer(admission, answer, latency_ms)


def _verdict(admission: Admission, answer: ParsedResponse) -> AuditOutcome:
    if answer.label is None or admission.checked is None:
        return AuditOutcome.MISSING
    agreed = answer.label == admission.checked.label
    return AuditOutcome.AGREED if agreed else AuditOutcome.DISAGREED
