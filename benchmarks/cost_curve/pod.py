"""One data-plane pod in memory: the parts that decide, count and trace, no sockets."""

import dataclasses
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from typing_extensions import override

from benchmarks.cost_curve.prices import PRICES
from tracer_bentos.protocols.adapter import Answer, Question
from tracer_bentos.redaction.standard import Standard
from tracer_bentos.serving.audits.auditor import Auditor
from tracer_bentos.serving.audits.session_ownership import AuditedSessions
from tracer_bentos.serving.auth.authentication import Access, Gate
from tracer_bentos.serving.capture.spool import Tally
from tracer_bentos.serving.decision.admission import Desk
from tracer_bentos.serving.decision.audit_rate_limit import AuditBudget
from tracer_bentos.serving.decision.circuit_breaker import Demotion
from tracer_bentos.serving.decision.eligibility import Surrogate
from tracer_bentos.serving.decision.executors import Aside, Together
from tracer_bentos.serving.decision.loaded import Loaded
from tracer_bentos.serving.decision.policy_store import PolicyBox
from tracer_bentos.serving.decision.sampler import Coin
from tracer_bentos.serving.http_server.exchange import Exchange
from tracer_bentos.serving.records import Admission, Prediction
from tracer_bentos.serving.telemetry.counters import Counts
from tracer_bentos.serving.telemetry.ordered_results import Verdict
from tracer_bentos.serving.telemetry.request_recorder import Journal
from tracer_bentos.serving.upstream.teacher import Upstream
from tracer_core.contracts.evidence import Evidence
from tracer_core.contracts.policy import PolicyDocument
from tracer_core.contracts.traces import TraceRecord

__all__ = ["Answered", "Pod"]

_REDACTOR = Standard()
_SALT = ("http://teacher/v1", "the store")
_GATE = Gate(Access.OPEN, own_key=True)


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of one request."""

    surrogate: str | None
    """The surrogate's answer, when the client got it."""
    asked_teacher: bool
    """Whether the teacher was asked, by the client's request or by an audit."""


class _OneByOne(Together):
    """The play has no event loop, and one request at a time."""

    @override
    async def decide(self, surrogate: Surrogate, text: str) -> Prediction:
        return surrogate.decide(text)


class Pod:
    """One pod of one revision."""

    def __init__(self, revision: int, name: str, folder: Path) -> None:
        self.revision = revision
        self.name = name
        self.traces: list[TraceRecord] = []
        """What was recorded and has not been sealed yet."""
        self.leaving = False
        """Whether it is about to end."""
        self.policies = PolicyBox(revision)
        self.loaded = Loaded(None)
        self.counts = Counts(64, self._audited, lambda: self.policies.certified)
        self._demotion = Demotion(folder / name, None)
        self._desk = Desk(
            coin=Coin(*_SALT),
            policies=self.policies,
            loaded=self.loaded,
            gate=_GATE,
            counts=self.counts,
            redactor=_REDACTOR,
            demotion=self._demotion,
            session_header="x-session-id",
            aside=Aside(1.0),
            together=_OneByOne(),
        )
        offer = self.traces.append
        self._journal = Journal(
            self.counts, PRICES, offer, revision, _REDACTOR.identity
        )
        self._auditor = Auditor(
            upstream=Upstream(_SALT[0], None),
            journal=self._journal,
            counts=self.counts,
            gate=_GATE,
            redactor=_REDACTOR,
            sessions=AuditedSessions(name, self.policies),
            budget=AuditBudget(None),
        )

    def load(self, surrogate: Surrogate, digest: str) -> None:
        """Let a verified surrogate answer."""
        self.loaded.adopt(surrogate, digest)

    def push(self, policy: PolicyDocument) -> None:
        """Take the operator's word."""
        self.policies.offer(policy)

    def take(
        self, exchange: Exchange, question: Question, teacher: Answer, now: datetime
    ) -> Answered:
        """Answer a request, in the order of the dispatcher."""
        self.counts.requests += 1
        caller = _GATE.let_in(exchange)
        if caller is None:
            raise AssertionError("a request of the stream was not let in")
        admitted = _at_once(self._desk.admit(exchange, question, caller))
        if admitted is None:
            raise AssertionError("a request of the stream was not admitted")
        admission = dataclasses.replace(admitted, received=now)
        self._journal.admitted(admission)
        if admission.answer:
            return self._answer(admission, admission.answer.label, teacher)
        ticket = self._auditor.admit(admission)
        self.counts.teacher += 1
        self._journal.taught(admission, teacher, 0.0)
        if ticket:
            self._auditor.settle(ticket, admission, teacher)
        return Answered(None, asked_teacher=True)

    def _answer(self, admission: Admission, label: str, teacher: Answer) -> Answered:
        ticket = self._auditor.admit(admission)
        self._journal.answered(admission)
        if ticket:
            self._auditor.settle(ticket, admission, teacher)
            self._journal.taught(admission, teacher, 0.0)
        return Answered(label, asked_teacher=ticket is not None)

    def sealed(self) -> Sequence[TraceRecord]:
        """Give what was recorded since the last time, now in the store."""
        records, tally = list(self.traces), Tally()
        self.traces.clear()
        for record in records:
            tally.add(record)
        self.counts.sealed(tally.records, tally.labelled)
        return records

    def evidence(self) -> Evidence:
        """Give its report."""
        return Evidence(
            revision=self.revision,
            boot=self.counts.boot,
            policy_generation=self.policies.generation,
            requests=self.counts.totals(0, self.counts.traces_written),
            tasks=self.counts.tasks(self._demotion.stopped),
            surrogate=self.loaded.state(),
        )

    def _audited(self, task: str, verdict: Verdict) -> None:
        if self.loaded.surrogate:
            self._demotion.saw(task, verdict, self.loaded.surrogate.target)


def _at_once(admitting: Coroutine[Any, Any, Admission | None]) -> Admission | None:
    """Give the result of what waits for nothing: no surrogate here is a costly one."""
    try:
        admitting.send(None)
    except StopIteration as done:
        found: Admission | None = done.value
        return found
    raise AssertionError("a decision of the stream waited for something")
