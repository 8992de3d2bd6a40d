"""A question on its way in: redacted, its coin drawn, its decision made."""

import logging
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from tracer_bentos.faults import is_fault
from tracer_bentos.redaction.redactor import Redactor
from tracer_bentos.serving.access import Caller, Gate
from tracer_bentos.serving.aside import Aside
from tracer_bentos.serving.budget import AuditBudget
from tracer_bentos.serving.cache import Cache
from tracer_bentos.serving.coin import Coin, Toss
from tracer_bentos.serving.counts import Counts, Fault
from tracer_bentos.serving.decide import Deferral, Prediction, Situation, deferral
from tracer_bentos.serving.demotion import Demotion
from tracer_bentos.serving.exchange import Exchange
from tracer_bentos.serving.latency import Leg
from tracer_bentos.serving.loading import Loaded
from tracer_bentos.serving.policy_box import PolicyBox
from tracer_bentos.serving.protocols.adapter import Question
from tracer_bentos.serving.together import Together
from tracer_router.contracts.traces import Decision
from tracer_router.errors import EmbeddingsError

__all__ = ["Admission", "Desk"]

_log = logging.getLogger(__name__)

FORCE_HEADER: Final = "x-tracer-force"
FORCE_TEACHER: Final = "teacher"
LONGEST_INPUT: Final = 65_536
"""In characters; redacting and classifying more would hold other requests up."""


@dataclass(frozen=True, slots=True)
class Admission:
    """One question with everything that was decided about it."""

    id: str
    """Unique id of the request, ours and never the client's."""
    received: datetime
    """When it came."""
    question: Question
    """What was asked."""
    input: str = field(repr=False)
    """The redacted text."""
    session: str | None
    """Keyed hash of the client's session, when it names one."""
    toss: Toss
    """The audit coin, drawn before the decision."""
    caller: Caller
    """Who asks."""
    prediction: Prediction | None
    """What the surrogate says, when it was asked."""
    deferral: Deferral | None
    """Why the teacher answers; none when the surrogate does."""
    repeated: str | None = field(default=None, repr=False)
    """What the teacher has said to the same request, when that is given again."""

    @property
    def answer(self) -> Prediction | None:
        """What the client gets from the surrogate; none when the teacher answers."""
        return None if self.deferral else self.prediction

    @property
    def checked(self) -> Prediction | None:
        """What an audit compares with the teacher: the answer, or a shadow's."""
        if self.deferral is Deferral.SWITCHED_OFF and self.prediction:
            return self.prediction if self.prediction.accepted else None
        return self.answer

    @property
    def decision(self) -> Decision:
        """Who answers, for the trace."""
        if self.answer is None:
            return Decision.TEACHER
        heads = self.toss.heads
        return Decision.SURROGATE_AUDITED if heads else Decision.SURROGATE


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
