"""The record of one request and its teacher answer in the trace store."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

__all__ = ["AnsweredBy", "TraceRecord", "TraceStatus"]


class AnsweredBy(StrEnum):
    """The component that answered a request."""

    TEACHER = "teacher"
    SURROGATE = "surrogate"
    CACHE = "cache"
    """A stored answer of the teacher to the same request; not recorded as a trace."""
    SURROGATE_AUDITED = "surrogate-audited"
    """The surrogate answered, and the teacher was called as well."""


class TraceStatus(StrEnum):
    """Result of the call to the teacher."""

    OK = "ok"
    ABNORMAL = "abnormal"
    """Truncated, filtered, refused, or in another format; never a label."""
    FAILED = "failed"
    """The teacher could not be called, or answered with an error."""


class TraceRecord(BaseModel):
    """One JSON object on one line; only `input` and `teacher` are required."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", use_attribute_docstrings=True
    )

    input: str
    """The text to classify, after redaction."""
    redaction: str | None = None
    """Identity of the redactor of the text; absent in traces of other origin."""
    teacher: str | None = None
    """The complete canonical answer of the teacher; absent if there is none."""
    id: str | None = None
    """Unique ID of the request."""
    time: datetime | None = None
    """Time at which the request was received."""
    task: str | None = None
    """Fingerprint of the task."""
    session: str | None = None
    """Session of the request; a split never separates the rows of a session."""
    status: TraceStatus = TraceStatus.OK
    """Result of the call to the teacher."""
    decision: AnsweredBy = AnsweredBy.TEACHER
    """The component that answered the client."""
    revision: int = 0
    """Number of the revision that received the request."""
    cell: str | None = None
    """Cell of the surrogate answer."""
    surrogate: str | None = None
    """Label that the surrogate answered or predicted."""
    uniform: bool | None = None
    """Whether the session is in the audit sample, drawn before the decision."""
    propensity: float | None = None
    """Audit probability at the time of the draw."""
    model: str | None = None
    """The teacher model that the client named."""
    prompt_tokens: int | None = None
    """Number of tokens of the request, as counted by the teacher."""
    completion_tokens: int | None = None
    """Number of tokens of the answer, as counted by the teacher."""
    cost: float | None = None
    """Cost of the teacher answer, in the currency of the prices."""
    latency_ms: float | None = None
    """Latency of the teacher in milliseconds."""
    vector: tuple[float, ...] | None = None
    """Embedding of the input, if the origin of the trace adds one; the data plane
    does not."""
