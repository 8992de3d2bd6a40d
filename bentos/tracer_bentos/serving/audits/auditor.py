"""Asks the teacher in the background about answers that the surrogate has given."""

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Final

from tracer_bentos.http_client.connection import WireError
from tracer_bentos.protocols.adapter import Answer
from tracer_bentos.redaction.redactor import Redactor
from tracer_bentos.serving.audits.session_ownership import AuditedSessions
from tracer_bentos.serving.auth.authentication import Gate
from tracer_bentos.serving.decision.audit_rate_limit import AuditBudget
from tracer_bentos.serving.http_server.exchange import Exchange, Headers
from tracer_bentos.serving.http_server.headers import from_teacher, to_teacher
from tracer_bentos.serving.http_server.tee import Tee
from tracer_bentos.serving.records import Admission
from tracer_bentos.serving.telemetry.counters import Counts, Fault
from tracer_bentos.serving.telemetry.ordered_results import Verdict
from tracer_bentos.serving.telemetry.request_recorder import Journal
from tracer_bentos.serving.upstream.response_parser import read_copy
from tracer_bentos.serving.upstream.teacher import TeacherUnreachable, Upstream
from tracer_core.contracts.traces import TraceStatus

__all__ = ["Auditor", "Ticket"]

_log = logging.getLogger(__name__)

AT_ONCE: Final = 32
WAITING: Final = 512
DEADLINE_SECONDS: Final = 120.0
_OF_THE_BODY: Final = frozenset({b"accept", b"content-length", b"content-type"})
_FAILED: Final = Answer(TraceStatus.FAILED)


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to one audit."""

    number: int | None
    """Its number in the task; none when it is no evidence, see `sessions`."""


class Auditor:
    """Runs audits, some at once and a bounded number waiting."""

    def __init__(  # noqa: PLR0913 - the last two by name
        self,
        *,
        upstream: Upstream,
        journal: Journal,
        counts: Counts,
        gate: Gate,
        redactor: Redactor,
        sessions: AuditedSessions,
        budget: AuditBudget,
    ) -> None:
        self._upstream = upstream
        self._journal = journal
        self._counts = counts
        self._gate = gate
        self._redactor = redactor
        self._budget = budget
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._running: set[asyncio.Task[None]] = set()
        self._sessions = sessions

    @property
    def under_way(self) -> int:
        """Audits asked or waiting to be."""
        return len(self._running)

    def admit(self, admission: Admission) -> Ticket | None:
        """Number the audit of an answer on its way out; none when the coin is tails.

        A shadow's answer is audited by the teacher's own, which the client gets.

        Every accepted answer with heads is checked, for the uniform sample; evidence
        counts one a session and window, since answers of one session are not
        independent.
        """
        if admission.checked is None or not admission.toss.heads:
            return None
        task = admission.question.task
        if not self._sessions.counts(task, admission.session):
            return Ticket(None)
        return Ticket(self._counts.task(task).audits.admit())

    def settle(self, ticket: Ticket, admission: Admission, answer: Answer) -> None:
        """Note what the teacher said about the answer, or that it said nothing."""
        cell = admission.checked.cell if admission.checked else ""
        if ticket.number is not None:
            audits = self._counts.task(admission.question.task).audits
            audits.settle(ticket.number, _verdict(admission, answer), cell)

    def withdraw(self, ticket: Ticket, admission: Admission) -> None:
        """Note that there is nothing to compare: the caller was a stranger."""
        if ticket.number is not None:
            self._counts.task(admission.question.task).audits.withdraw(ticket.number)

    def begin(self, ticket: Ticket, admission: Admission, exchange: Exchange) -> None:
        """Ask the teacher in the background."""
        if len(self._running) >= WAITING:
            self._end(ticket, admission, _FAILED, 0.0)
            return
        self._budget.spend()
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
        self, ticket: Ticket, admission: Admission, headers: Headers, exchange: Exchange
    ) -> None:
        answer, began = _FAILED, time.perf_counter()
        try:
            async with self._slots, asyncio.timeout(DEADLINE_SECONDS):
                began = time.perf_counter()
                answer = await self._ask(admission, headers, exchange)
        except (TeacherUnreachable, TimeoutError, WireError) as error:
            _log.info("audit without an answer: %s", type(error).__name__)
        except Exception as error:  # noqa: BLE001 - an audit must always be settled
            self._counts.faults[Fault.AUDIT] += 1
            _log.warning("audit failed: %s", type(error).__name__)
        finally:
            latency_ms = (time.perf_counter() - began) * 1000
            self._end(ticket, admission, answer, latency_ms)

    async def _ask(
        self, admission: Admission, headers: Headers, exchange: Exchange
    ) -> Answer:
        forwarded = to_teacher(headers, readable=True, key=self._upstream.key)
        forwarded.append((b"content-type", b"application/json"))
        target = self._upstream.target(exchange.raw_path)
        asked = admission.question.asked
        body = asked.adapter.audit_body(asked)
        response = await self._upstream.ask(
            "POST", target, forwarded, body, repeatable=True
        )
        # The caller's own key: a revoked one stops with the first audit.
        model = admission.question.model
        self._gate.answered(admission.caller, model, response.status)
        tee = Tee()
        async with response:
            tee.start(response.status, from_teacher(response.headers, response.status))
            async for piece in response.pieces():
                tee.piece(piece)
            tee.end()
        return read_copy(asked, tee, self._redactor)

    def _end(
        self, ticket: Ticket, admission: Admission, answer: Answer, latency_ms: float
    ) -> None:
        self.settle(ticket, admission, answer)
        self._journal.taught(admission, answer, latency_ms)


def _verdict(admission: Admission, answer: Answer) -> Verdict:
    if answer.label is None or admission.checked is None:
        return Verdict.MISSING
    agreed = answer.label == admission.checked.label
    return Verdict.AGREED if agreed else Verdict.DISAGREED
