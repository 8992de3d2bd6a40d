"""One request and what the teacher answered: the record in the trace store."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

__all__ = ["AnsweredBy", "TraceRecord", "TraceStatus"]


class AnsweredBy(StrEnum):
    """Who answered a request."""

    TEACHER = "teacher"
    SURROGATE = "surrogate"
    CACHE = "cache"
    """An earlier answer of the teacher to the same request; leaves no trace."""
    SURROGATE_AUDITED = "surrogate-audited"
    """The surrogate answered and the teacher was asked as well."""


class TraceStatus(StrEnum):
    """How the teacher's answer ended."""

    OK = "ok"
    ABNORMAL = "abnormal"
    """Truncated, filtered, refused or off-format: never a label."""
    FAILED = "failed"
    """The teacher could not be asked or answered with an error."""


class TraceRecord(BaseModel):
    """One JSON object a line; `input` and `teacher` alone are a valid trace."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", use_attribute_docstrings=True
    )

    input: str
    """The text that was to be classified, after redaction."""
    redaction: str | None = None
    """Identity of the redactor that the text went through; absent elsewhere."""
    teacher: str | None = None
    """The teacher's canonical whole answer; absent when it gave none."""
    id: str | None = None
    """Unique id of the request."""
    time: datetime | None = None
    """When the request was received."""
    task: str | None = None
    """Fingerprint of what defines the question."""
    session: str | None = None
    """Session of the request; rows of one session stay on one side of a split."""
    status: TraceStatus = TraceStatus.OK
    """How the teacher's answer ended."""
    decision: AnsweredBy = AnsweredBy.TEACHER
    """Who answered the client."""
    revision: int = 0
    """The revision that took the request."""
    cell: str | None = None
    """The cell of the surrogate's answer."""
    surrogate: str | None = None
    """What the surrogate answered or would have answered."""
    uniform: bool | None = None
    """Whether the audit coin, drawn before the decision, came up heads."""
    propensity: float | None = None
    """The probability of heads when the coin was drawn."""
    model: str | None = None
    """The teacher model that the client named."""
    prompt_tokens: int | None = None
    """Tokens of the request as the teacher counted them."""
    completion_tokens: int | None = None
    """Tokens of the answer as the teacher counted them."""
    cost: float | None = None
    """What the teacher's answer cost, in the currency of the prices."""
    latency_ms: float | None = None
    """Time the teacher took, in milliseconds."""
    vector: tuple[float, ...] | None = None
    """Embedding of the input, where whoever wrote the trace made one; ours has none."""
