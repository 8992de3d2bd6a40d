"""The seam between the data plane and one protocol of a teacher."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from tracer_bentos.serving.prices import Usage
from tracer_router.contracts.traces import TraceStatus

__all__ = ["Adapter", "Answer", "Question", "Rendered", "Reply"]


@dataclass(frozen=True, slots=True)
class Question:
    """A request that an adapter understood: one task, one input."""

    task: str
    """Fingerprint of what defines the question."""
    input: str
    """The text to be classified, before redaction."""
    model: str
    """The model that the client named."""
    stream: bool
    """Whether the client wants server-sent events."""
    include_usage: bool
    """Whether the client wants usage at the end of a stream."""
    size: int
    """Size of the request body in bytes."""
    document: dict[str, Any] = field(repr=False)
    """The whole request body."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The teacher's whole response, as it came."""

    status: int
    """HTTP status."""
    content_type: str
    """Media type, in lower case, with its parameters."""
    content: bytes = field(repr=False)
    """The body, decoded from its content coding."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the teacher answered, for a trace."""

    status: TraceStatus
    """How the answer ended."""
    label: str | None = None
    """The canonical whole answer, when it is a label."""
    usage: Usage | None = None
    """Tokens, when the teacher counted them."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A surrogate's answer in the teacher's own form."""

    content_type: str
    """Media type."""
    content: bytes
    """The whole body."""


class Adapter(Protocol):
    """One protocol."""

    @property
    def path(self) -> str:
        """The path, after `/v1` included, that it reads."""

    def read(self, body: bytes, named_task: str | None) -> Question | None:
        """Give the question; none for whatever only the teacher may answer."""

    def answer(self, reply: Reply) -> Answer:
        """Read the teacher's response."""

    def render(self, question: Question, label: str) -> Rendered:
        """Write a label as the teacher would have."""

    def audit_body(self, question: Question) -> bytes:
        """Write the same request for the teacher, to be answered in one piece."""
