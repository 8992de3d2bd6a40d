"""One data-plane pod in memory: decisions, counters, and traces, without sockets."""

import dataclasses
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from typing_extensions import override

from benchmarks.cost_curve.prices import PRICES
from tracer_bentos.protocols.adapter import ClassificationInput, ParsedResponse
from tracer_bentos.redaction.standard import StandardRedactor
from tracer_bentos.serving.audits.auditor import Auditor
from tracer_bentos.serving.audits.session_ownership import SessionOwnership
from tracer_bentos.serving.auth.authentication import Authenticator
from tracer_bentos.serving.capture.spool import SegmentTotals
from tracer_bentos.serving.decision.admission import DecisionService
from tracer_bentos.serving.decision.audit_rate_limit import AuditRateLimit
from tracer_bentos.serving.decision.audit_sampler import SessionSampler
from tracer_bentos.serving.decision.circuit_breaker import CircuitBreaker
from tracer_bentos.serving.decision.eligibility import LoadedSurrogate
from tracer_bentos.serving.decision.executors import DecisionExecutor, MicroBatcher
from tracer_bentos.serving.decision.policy_store import PolicyStore
from tracer_bentos.serving.decision.surrogate_slot import SurrogateSlot
from tracer_bentos.serving.http_server.exchange import HttpExchange
from tracer_bentos.serving.records import Admission, PredictionView
from tracer_bentos.serving.telemetry.counters import ProcessCounters
from tracer_bentos.serving.telemetry.ordered_results import AuditOutcome
from tracer_bentos.serving.telemetry.request_recorder import RequestRecorder
from tracer_bentos.serving.upstream.teacher import TeacherClient
from tracer_core.contracts.access import AccessMode
from tracer_core.contracts.evidence import Evidence
from tracer_core.contracts.policy import PolicyDocument
from tracer_core.contracts.traces import TraceRecord

__all__ = ["Answered", "Pod"]

_REDACTOR = StandardRedactor()
_SALT = ("http://teacher/v1", "the store")
_GATE = Authenticator(AccessMode.OPEN, has_teacher_key=True)


@dataclass(frozen=True, slots=True)
class Answered:
    """The result of one request."""

    surrogate: str | None
    """The answer of the surrogate, if the client received it."""
    asked_teacher: bool
    """Whether the teacher was called, for the client or for an audit."""


class _OneByOne(MicroBatcher):
    """The simulation has no event loop, and one request at a time."""

    @override
    async def decide(self, surrogate: LoadedSurrogate, text: str) -> PredictionView:
        return surrogate.decide(text)


class Pod:
    """One pod of one revision."""

    def __init__(self, revision: int, name: str, folder: Path) -> None:
        self.revision = revision
        self.name = name
        self.traces: list[TraceRecord] = []
        """Recorded traces that are not sealed yet."""
        self.leaving = False
        """Whether the pod is terminating."""
        self.policies = PolicyStore(revision)
        self.loaded = SurrogateSlot(None)
        self.counts = ProcessCounters(
            64, self._audited, lambda: self.policies.certified
        )
        self._demotion = CircuitBreaker(folder / name, None)
        self._desk = DecisionService(
            sampler=SessionSampler(*_SALT),
            policy_store=self.policies,
            surrogate_slot=self.loaded,
            authenticator=_GATE,
            counters=self.counts,
            redactor=_REDACTOR,
            circuit_breaker=self._demotion,
            session_header="x-session-id",
            executor=DecisionExecutor(1.0),
            batcher=_OneByOne(),
        )
        offer = self.traces.append
        self._journal = RequestRecorder(
            self.counts, PRICES, offer, revision, _REDACTOR.identity
        )
        self._auditor = Auditor(
            upstream=TeacherClient(_SALT[0], None),
            recorder=self._journal,
            counters=self.counts,
            authenticator=_GATE,
            redactor=_REDACTOR,
            session_ownership=SessionOwnership(name, self.policies),
            audit_limit=AuditRateLimit(None),
        )

    def load(self, surrogate: LoadedSurrogate, digest: str) -> None:
        """Set the verified surrogate."""
        self.loaded.set_local_surrogate(surrogate, digest)

    def push(self, policy: PolicyDocument) -> None:
        """Apply a policy of the operator."""
        self.policies.update(policy)

    def take(
        self,
        exchange: HttpExchange,
        question: ClassificationInput,
        teacher: ParsedResponse,
        now: datetime,
    ) -> Answered:
        """Answer a request in the same order as the router of the data plane."""
        self.counts.requests += 1
        caller = _GATE.authenticate(exchange)
        if caller is None:
            raise AssertionError("a request of the stream was not authenticated")
        admitted = _at_once(self._desk.admit(exchange, question, caller))
        if admitted is None:
            raise AssertionError("a request of the stream was not admitted")
        admission = dataclasses.replace(admitted, received=now)
        self._journal.record_admission(admission)
        if admission.answer:
            return self._answer(admission, admission.answer.label, teacher)
        ticket = self._auditor.admit(admission)
        self.counts.teacher += 1
        self._journal.record_teacher_answer(admission, teacher, 0.0)
        if ticket:
            self._auditor.settle(ticket, admission, teacher)
        return Answered(None, asked_teacher=True)

    def _answer(
        self, admission: Admission, label: str, teacher: ParsedResponse
    ) -> Answered:
        ticket = self._auditor.admit(admission)
        self._journal.record_surrogate_answer(admission)
        if ticket:
            self._auditor.settle(ticket, admission, teacher)
            self._journal.record_teacher_answer(admission, teacher, 0.0)
        return Answered(label, asked_teacher=ticket is not None)

    def sealed(self) -> Sequence[TraceRecord]:
        """Return the traces since the last call, which are now in the store."""
        records, tally = list(self.traces), SegmentTotals()
        self.traces.clear()
        for record in records:
            tally.add(record)
        self.counts.record_stored(tally.records, tally.labelled)
        return records

    def evidence(self) -> Evidence:
        """Return the evidence report of the pod."""
        return Evidence(
            revision=self.revision,
            boot=self.counts.boot,
            policy_generation=self.policies.generation,
            requests=self.counts.totals(
                traces_pending=0, traces_logged=self.counts.traces_written
            ),
            tasks=self.counts.tasks(self._demotion.stopped),
            surrogate=self.loaded.state(),
        )

    def _audited(self, task: str, verdict: AuditOutcome) -> None:
        if self.loaded.surrogate:
            self._demotion.record(task, verdict, self.loaded.surrogate.target)


def _at_once(admitting: Coroutine[Any, Any, Admission | None]) -> Admission | None:
    """Return the result of a coroutine that never waits: no surrogate is slow here."""
    try:
        admitting.send(None)
    except StopIteration as done:
        found: Admission | None = done.value
        return found
    raise AssertionError("a decision of the stream waited")
