"""Admission of a question: redaction, audit draw, cache lookup, and decision."""

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
from tracer_bentos.serving.decision.audit_sampler import SessionSampler
from tracer_bentos.serving.decision.cache import AnswerCache
from tracer_bentos.serving.decision.circuit_breaker import CircuitBreaker
from tracer_bentos.serving.decision.eligibility import EligibilityInput, deferral_reason
from tracer_bentos.serving.decision.executors import DecisionExecutor, MicroBatcher
from tracer_bentos.serving.decision.policy_store import PolicyStore
from tracer_bentos.serving.decision.surrogate_slot import SurrogateSlot
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
"""Longer texts would delay other requests during redaction and classification."""


class DecisionService:
    """Admits questions and decides which component answers them."""

    def __init__(  # noqa: PLR0913 - keyword arguments only
        self,
        *,
        sampler: SessionSampler,
        policy_store: PolicyStore,
        surrogate_slot: SurrogateSlot,
        authenticator: Authenticator,
        counters: ProcessCounters,
        redactor: Redactor,
        circuit_breaker: CircuitBreaker,
        session_header: str,
        executor: DecisionExecutor,
        batcher: MicroBatcher,
        cache: AnswerCache | None = None,
        audit_limit: AuditRateLimit | None = None,
    ) -> None:
        self._sampler = sampler
        self._policy_store = policy_store
        self._surrogate_slot = surrogate_slot
        self._authenticator = authenticator
        self._counters = counters
        self._session_header = session_header
        self._circuit_breaker = circuit_breaker
        self._executor = executor
        self._batcher = batcher
        self._audit_limit = audit_limit or AuditRateLimit(None)
        self.cache = cache
        """Cache of answers to exact repeats; None if it is disabled."""
        self.redactor = redactor
        """Redacts each text before any other processing."""

    async def admit(
        self, exchange: HttpExchange, question: ClassificationInput, caller: Caller
    ) -> Admission | None:
        """Make the audit draw, then decide which component answers.

        Returns:
            The admission; None if the text is too long to be classified.
        """
        if len(question.input) > MAX_INPUT_CHARACTERS:
            self._counters.deferrals[Deferral.TOO_LONG] += 1
            return None
        identity = secrets.token_hex(16)
        session = exchange.header(self._session_header)
        draw = self._sampler.draw(session or identity, self._audit_rate())
        eligibility = self._eligibility(exchange, question, caller)
        text = self.redactor.redact(question.input)
        cached_label = self._cached_label(eligibility, question, caller, draw)
        if cached_label is None:
            prediction, reason = await self._decide(exchange, eligibility, text, draw)
        else:
            prediction, reason = None, Deferral.REPEATED
        return Admission(
            id=identity,
            received=datetime.now(UTC),
            question=question,
            input=text,
            session=self._sampler.pseudonym(session) if session else None,
            draw=draw,
            caller=caller,
            prediction=prediction,
            deferral=reason,
            cached_label=cached_label,
        )

    def _audit_rate(self) -> float:
        """Return the probability of an audit; 0 while the audit limit is exhausted."""
        policy = self._policy_store.current
        # If the teacher answers every request, an audit has no additional cost.
        unlimited = not policy.surrogate or self._audit_limit.available
        return policy.audit if unlimited else 0.0

    def _eligibility(
        self, exchange: HttpExchange, question: ClassificationInput, caller: Caller
    ) -> EligibilityInput:
        return EligibilityInput(
            policy=self._policy_store.current,
            task=question.task,
            loaded=self._surrogate_slot.digest,
            forced=(exchange.header(FORCE_HEADER) or "").lower() == FORCE_TEACHER,
            caller_accepted=self._authenticator.is_accepted(
                caller, question.request.access_scope
            ),
            stopped=question.task in self._circuit_breaker.stopped,
        )

    def _cached_label(
        self,
        eligibility: EligibilityInput,
        question: ClassificationInput,
        caller: Caller,
        draw: Draw,
    ) -> str | None:
        """Return a cached answer of the teacher, but never for the uniform sample."""
        if self.cache is None or draw.sampled or eligibility.forced:
            return None
        if not eligibility.caller_accepted:
            return None
        return self.cache.get(question, caller)

    async def _decide(
        self,
        exchange: HttpExchange,
        eligibility: EligibilityInput,
        text: str,
        draw: Draw,
    ) -> tuple[PredictionView | None, Deferral | None]:
        """Return the prediction and the reason for a deferral.

        The uniform sample has a prediction even if the surrogate must not answer.
        """
        reason = deferral_reason(eligibility)
        if not eligibility.can_predict or (reason and not draw.sampled):
            return None, reason
        prediction, failure = await self._predict(exchange, text)
        reason = reason or failure
        if reason is None and prediction and not prediction.accepted:
            reason = Deferral.NOT_ACCEPTED
        answers_or_shadows = reason in {None, Deferral.SWITCHED_OFF}
        closed = prediction and prediction.cell in eligibility.policy.closed
        if answers_or_shadows and closed:
            reason = Deferral.CELL_CLOSED
        return prediction, reason

    async def _predict(
        self, exchange: HttpExchange, text: str
    ) -> tuple[PredictionView | None, Deferral | None]:
        surrogate = self._surrogate_slot.surrogate
        if surrogate is None:
            return None, Deferral.SURROGATE_FAILED
        start = time.perf_counter()
        try:
            if not surrogate.costly:
                return await self._batcher.decide(surrogate, text), None
            prediction, wait_seconds = await self._executor.decide(surrogate, text)
        except TimeoutError:
            if surrogate.remote:
                self._exclude_wait(exchange, time.perf_counter() - start)
            return None, Deferral.SURROGATE_LATE
        except EmbeddingsError:
            self._exclude_wait(exchange, time.perf_counter() - start)
            return None, Deferral.NO_EMBEDDING
        except BaseException as error:
            if not is_recoverable(error):
                raise
            self._counters.faults[InternalFault.SURROGATE] += 1
            _log.warning("surrogate failed: %s", type(error).__name__)
            return None, Deferral.SURROGATE_FAILED
        self._exclude_wait(exchange, wait_seconds)
        return prediction, None

    def _exclude_wait(self, exchange: HttpExchange, seconds: float) -> None:
        """Exclude the wait for an endpoint that the user chose from router latency."""
        if seconds:
            exchange.latency_start += seconds
            self._counters.latencies.observe(LatencyLeg.EMBEDDING, seconds)
