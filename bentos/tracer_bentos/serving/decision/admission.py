"""A question on its way in: redacted, its coin drawn, its decision made."""

import logging
import secrets
import time
from datetime import UTC, datetime
from typing import Final

from tracer_bentos.error_classification import is_fault
from tracer_bentos.protocols.adapter import Question
from tracer_bentos.redaction.redactor import Redactor
from tracer_bentos.serving.auth.authentication import Gate
from tracer_bentos.serving.decision.audit_rate_limit import AuditBudget
from tracer_bentos.serving.decision.cache import Cache
from tracer_bentos.serving.decision.circuit_breaker import Demotion
from tracer_bentos.serving.decision.eligibility import Situation, deferral
from tracer_bentos.serving.decision.executors import Aside, Together
from tracer_bentos.serving.decision.loaded import Loaded
from tracer_bentos.serving.decision.policy_store import PolicyBox
from tracer_bentos.serving.decision.sampler import Coin
from tracer_bentos.serving.http_server.exchange import Exchange
from tracer_bentos.serving.records import Admission, Caller, Deferral, Prediction, Toss
from tracer_bentos.serving.telemetry.counters import Counts, Fault
from tracer_bentos.serving.telemetry.latency import Leg
from tracer_core.errors import EmbeddingsError

__all__ = ["Desk"]

_log = logging.getLogger(__name__)

FORCE_HEADER: Final = "x-tracer-force"
FORCE_TEACHER: Final = "teacher"
LONGEST_INPUT: Final = 65_536
"""In characters; redacting and classifying more would hold other requests up."""


class Desk:
    """Admits questions."""

    def __init__(  # noqa: PLR0913 - by name
        self,
        *,
        coin: Coin,
        policies: PolicyBox,
        loaded: Loaded,
        gate: Gate,
        counts: Counts,
        redactor: Redactor,
        demotion: Demotion,
        session_header: str,
        aside: Aside,
        together: Together,
        cache: Cache | None = None,
        budget: AuditBudget | None = None,
    ) -> None:
        self._coin = coin
        self._policies = policies
        self._loaded = loaded
        self._gate = gate
        self._counts = counts
        self._session_header = session_header
        self._demotion = demotion
        self._aside = aside
        self._together = together
        self._budget = budget or AuditBudget(None)
        self.cache = cache
        """Answers for exact repeats; none when it is off."""
        self.redactor = redactor
        """What every text goes through first."""

    async def admit(
        self, exchange: Exchange, question: Question, caller: Caller
    ) -> Admission | None:
        """Draw the coin, then decide who answers; none for what is not looked at."""
        if len(question.input) > LONGEST_INPUT:
            self._counts.deferrals[Deferral.TOO_LONG] += 1
            return None
        identity = secrets.token_hex(16)
        session = exchange.header(self._session_header)
        toss = self._coin.toss(session or identity, self._rate())
        situation = self._situation(exchange, question, caller)
        text = self.redactor.redact(question.input)
        repeated = self._repeated(situation, question, caller, toss)
        if repeated is None:
            prediction, reason = await self._decide(exchange, situation, text, toss)
        else:
            prediction, reason = None, Deferral.REPEATED
        return Admission(
            id=identity,
            received=datetime.now(UTC),
            question=question,
            input=text,
            session=self._coin.pseudonym(session) if session else None,
            toss=toss,
            caller=caller,
            prediction=prediction,
            deferral=reason,
            repeated=repeated,
        )

    def _rate(self) -> float:
        """Give the probability of heads: none while no audit can be paid for."""
        policy = self._policies.current
        # Where the teacher answers everything anyway, an audit costs nothing.
        return policy.audit if not policy.surrogate or self._budget.left else 0.0

    def _repeated(
        self, situation: Situation, question: Question, caller: Caller, toss: Toss
    ) -> str | None:
        """Give the teacher's earlier answer, but never to the uniform sample."""
        if self.cache is None or toss.heads or situation.forced:
            return None
        if not situation.caller_known:
            return None
        return self.cache.get(question, caller)

    def _situation(
        self, exchange: Exchange, question: Question, caller: Caller
    ) -> Situation:
        return Situation(
            policy=self._policies.current,
            task=question.task,
            loaded=self._loaded.digest,
            forced=(exchange.header(FORCE_HEADER) or "").lower() == FORCE_TEACHER,
            caller_known=self._gate.knows(caller, question.model),
            stopped=question.task in self._demotion.stopped,
        )

    async def _decide(
        self, exchange: Exchange, situation: Situation, text: str, toss: Toss
    ) -> tuple[Prediction | None, Deferral | None]:
        """Decide; on the uniform sample the surrogate is asked even when it may not."""
        reason = deferral(situation)
        if not situation.can_predict or (reason and not toss.heads):
            return None, reason
        prediction, trouble = await self._predict(exchange, text)
        reason = reason or trouble
        if reason is None and prediction and not prediction.accepted:
            reason = Deferral.NOT_ACCEPTED
        open_or_shadow = reason in {None, Deferral.SWITCHED_OFF}
        closed = prediction and prediction.cell in situation.policy.closed
        if open_or_shadow and closed:
            reason = Deferral.CELL_CLOSED
        return prediction, reason

    async def _predict(
        self, exchange: Exchange, text: str
    ) -> tuple[Prediction | None, Deferral | None]:
        surrogate = self._loaded.surrogate
        if surrogate is None:
            return None, Deferral.SURROGATE_FAILED
        began = time.perf_counter()
        try:
            if not surrogate.costly:
                return await self._together.decide(surrogate, text), None
            prediction, waited = await self._aside.decide(surrogate, text)
        except TimeoutError:
            if surrogate.asks_endpoint:
                self._waited(exchange, time.perf_counter() - began)
            return None, Deferral.SURROGATE_LATE
        except EmbeddingsError:
            self._waited(exchange, time.perf_counter() - began)
            return None, Deferral.NO_EMBEDDING
        except BaseException as error:
            if not is_fault(error):
                raise
            self._counts.faults[Fault.SURROGATE] += 1
            _log.warning("the surrogate failed: %s", type(error).__name__)
            return None, Deferral.SURROGATE_FAILED
        self._waited(exchange, waited)
        return prediction, None

    def _waited(self, exchange: Exchange, seconds: float) -> None:
        """Take what an endpoint took off our own time: the user named it."""
        if seconds:
            exchange.began += seconds
            self._counts.latencies.add(Leg.EMBEDDING, seconds)
