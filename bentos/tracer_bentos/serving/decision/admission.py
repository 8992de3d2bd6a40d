"""A question on its way in: redacted, its coin drawn, its decision made."""

import logging
import secrets
import time
from datetime import UTC, datetime
from typing import Final

from tracer_bentos.error_classification import is_recoverable
from tracer_bentos.protocols.adapter import ClassificationInput
from tracer_bentos.redaction.redactor import Redactor
from tracer_bentos.serving.auth.authentication import Authenticator
from tracer_bentos.serving.decision.audit_rate_limit import AuditRateLimit
from tracer_bentos.serving.decision.cache import AnswerCache
from tracer_bentos.serving.decision.circuit_breaker import CircuitBreaker
from tracer_bentos.serving.decision.eligibility import EligibilityInput, deferral_reason
from tracer_bentos.serving.decision.executors import DecisionExecutor, MicroBatcher
from tracer_bentos.serving.decision.loaded import SurrogateSlot
from tracer_bentos.serving.decision.policy_store import PolicyStore
from tracer_bentos.serving.decision.sampler import SessionSampler
from tracer_bentos.serving.http_server.exchange import HttpExchange
from tracer_bentos.serving.records import (
    Admission,
    Caller,
    Deferral,
    Draw,
    PredictionView,
)
from tracer_bentos.serving.telemetry.counters import InternalFault, ProcessCounters
from tracer_bentos.serving.telemetry.latency import LatencyLeg
from tracer_core.errors import EmbeddingsError

__all__ = ["DecisionService"]

_log = logging.getLogger(__name__)

FORCE_HEADER: Final = "x-tracer-force"
FORCE_TEACHER: Final = "teacher"
MAX_INPUT_CHARACTERS: Final = 65_536
"""In characters; redacting and classifying more would hold other requests up."""


class DecisionService:
    """Admits questions."""

    def __init__(  # noqa: PLR0913 - by name
        self,
        *,
        coin: SessionSampler,
        policies: PolicyStore,
        loaded: SurrogateSlot,
        gate: Authenticator,
        counts: ProcessCounters,
        redactor: Redactor,
        demotion: CircuitBreaker,
        session_header: str,
        aside: DecisionExecutor,
        together: MicroBatcher,
        cache: AnswerCache | None = None,
        budget: AuditRateLimit | None = None,
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
        self._budget = budget or AuditRateLimit(None)
        self.cache = cache
        """Answers for exact repeats; none when it is off."""
        self.redactor = redactor
        """What every text goes through first."""

    async def admit(
        self, exchange: HttpExchange, question: ClassificationInput, caller: Caller
    ) -> Admission | None:
        """Draw the coin, then decide who answers; none for what is not looked at."""
        if len(question.input) > MAX_INPUT_CHARACTERS:
            self._counts.deferrals[Deferral.TOO_LONG] += 1
            return None
        identity = secrets.token_hex(16)
        session = exchange.header(self._session_header)
        toss = self._coin.draw(session or identity, self._rate())
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
        return policy.audit if not policy.surrogate or self._budget.available else 0.0

    def _repeated(
        self,
        situation: EligibilityInput,
        question: ClassificationInput,
        caller: Caller,
        toss: Draw,
    ) -> str | None:
        """Give the teacher's earlier answer, but never to the uniform sample."""
        if self.cache is None or toss.sampled or situation.forced:
            return None
        if not situation.caller_known:
            return None
        return self.cache.get(question, caller)

    def _situation(
        self, exchange: HttpExchange, question: ClassificationInput, caller: Caller
    ) -> EligibilityInput:
        return EligibilityInput(
            policy=self._policies.current,
            task=question.task,
            loaded=self._loaded.digest,
            forced=(exchange.header(FORCE_HEADER) or "").lower() == FORCE_TEACHER,
            caller_known=self._gate.is_accepted(caller, question.model),
            stopped=question.task in self._demotion.stopped,
        )

    async def _decide(
        self, exchange: HttpExchange, situation: EligibilityInput, text: str, toss: Draw
    ) -> tuple[PredictionView | None, Deferral | None]:
        """Decide; on the uniform sample the surrogate is asked even when it may not."""
        reason = deferral_reason(situation)
        if not situation.can_predict or (reason and not toss.sampled):
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
        self, exchange: HttpExchange, text: str
    ) -> tuple[PredictionView | None, Deferral | None]:
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
            if not is_recoverable(error):
                raise
            self._counts.faults[InternalFault.SURROGATE] += 1
            _log.warning("the surrogate failed: %s", type(error).__name__)
            return None, Deferral.SURROGATE_FAILED
        self._waited(exchange, waited)
        return prediction, None

    def _waited(self, exchange: HttpExchange, seconds: float) -> None:
        """Take what an endpoint took off our own time: the user named it."""
        if seconds:
            exchange.began += seconds
            self._counts.latencies.add(LatencyLeg.EMBEDDING, seconds)
