"""TODO-DOC."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from tracer_bentos.protocols.adapter import ClassificationInput
from tracer_core.contracts.traces import AnsweredBy

__all__ = ["Admission", "Caller", "Deferral", "Draw", "PredictionView"]


class Draw(NamedTuple):
    """How the coin fell and how probable heads was."""

    sampled: bool
    """Whether the row belongs to the uniform sample."""
    propensity: float
    """Probability of heads when the coin was drawn."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who was let in, known by a hash under a key of this process."""

    digest: bytes = field(repr=False)


class PredictionView(Protocol):
    """What a surrogate says about one text."""

    @property
    def label(self) -> str:
        """The answer it would give."""

    @property
    def accepted(self) -> bool:
        """Whether the certified policy lets it answer."""

    @property
    def cell(self) -> str:
        """The cell that the text falls into."""


class Deferral(StrEnum):
    """Why the teacher answers a request that an adapter understood."""

    FORCED = "forced"
    """The client asked for the teacher."""
    SWITCHED_OFF = "switched-off"
    """The policy lets no surrogate of this revision answer."""
    NOT_LOADED = "not-loaded"
    """No bundle is loaded, or not the one that the policy names."""
    STOPPED = "stopped"
    """The surrogate has failed grossly on this task, in this pod or another."""
    TASK_NOT_CERTIFIED = "task-not-certified"
    """The policy does not name the task."""
    CALLER_UNKNOWN = "caller-unknown"
    """The teacher has not accepted the caller's key lately."""
    REPEATED = "repeated"
    """The teacher has answered the same request lately; that answer is given again."""
    TOO_LONG = "too-long"
    """The text is longer than any that is classified."""
    NOT_ACCEPTED = "not-accepted"
    """The certified policy does not accept the text."""
    NOT_HONOURED = "not-honoured"
    """The request asks for an answer of another kind than the surrogate's label."""
    CELL_CLOSED = "cell-closed"
    """Live audits spoke against its cell, which was demoted."""
    SURROGATE_FAILED = "surrogate-failed"
    """The surrogate raised an error."""
    NO_EMBEDDING = "no-embedding"
    """The embeddings endpoint failed, or rests because it has failed; no fault of
    ours."""
    SURROGATE_LATE = "surrogate-late"
    """A costly surrogate had not decided in time."""


@dataclass(frozen=True, slots=True)
class Admission:
    """One question with everything that was decided about it."""

    id: str
    """Unique id of the request, ours and never the client's."""
    received: datetime
    """When it came."""
    question: ClassificationInput
    """What was asked."""
    input: str = field(repr=False)
    """The redacted text."""
    session: str | None
    """Keyed hash of the client's session, when it names one."""
    toss: Draw
    """The audit coin, drawn before the decision."""
    caller: Caller
    """Who asks."""
    prediction: PredictionView | None
    """What the surrogate says, when it was asked."""
    deferral: Deferral | None
    """Why the teacher answers; none when the surrogate does."""
    repeated: str | None = field(default=None, repr=False)
    """What the teacher has said to the same request, when that is given again."""

    @property
    def answer(self) -> PredictionView | None:
        """What the client gets from the surrogate; none when the teacher answers."""
        return None if self.deferral else self.prediction

    @property
    def checked(self) -> PredictionView | None:
        """What an audit compares with the teacher: the answer, or a shadow's."""
        if self.deferral is Deferral.SWITCHED_OFF and self.prediction:
            return self.prediction if self.prediction.accepted else None
        return self.answer

    @property
    def decision(self) -> AnsweredBy:
        """Who answers, for the trace."""
        if self.answer is None:
            return AnsweredBy.TEACHER
        heads = self.toss.sampled
        return AnsweredBy.SURROGATE_AUDITED if heads else AnsweredBy.SURROGATE
