"""The seam between the data plane and one protocol of a teacher.

An adapter says which requests are questions, what a teacher's response means, and how
a label is written as the teacher would have. It keeps no state and knows no task: that
is `tracer_bentos.tasks`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tracer_bentos.protocols.tokens import TokenUsage
from tracer_core.contracts.traces import TraceStatus

__all__ = [
    "Adapter",
    "ClassificationInput",
    "ParsedRequest",
    "ParsedResponse",
    "RenderedResponse",
    "TeacherReply",
    "TextSegment",
]


@dataclass(frozen=True, slots=True)
class TextSegment:
    """One text of a request."""

    where: str
    """Which text it is, such as `system 1`; part of what defines the question."""
    text: str = field(repr=False)
    """The text as the client sent it."""
    fixed: bool
    """Whether it defines the question; otherwise it is what the question is about."""


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """A request that an adapter understood and that a label could answer."""

    adapter: "Adapter"
    """Who understood it."""
    model: str
    """The model that the client named; the path where the protocol has no models."""
    passages: tuple[TextSegment, ...]
    """Its texts, in order."""
    parameters: Mapping[str, Any] = field(repr=False)
    """Everything else that defines the question, by field of the request."""
    document: Mapping[str, Any] = field(repr=False)
    """The whole request body."""
    size: int
    """Size of the request body in bytes."""
    stream: bool = False
    """Whether the client wants server-sent events."""


@dataclass(frozen=True, slots=True)
class ClassificationInput:
    """A request with its task and the text that is classified."""

    asked: ParsedRequest
    """The request."""
    task: str
    """Fingerprint of what defines the question."""
    input: str = field(repr=False)
    """The text to be classified, before redaction."""

    @property
    def model(self) -> str:
        """The model that the client named."""
        return self.asked.model

    @property
    def size(self) -> int:
        """Size of the request body in bytes."""
        return self.asked.size


@dataclass(frozen=True, slots=True)
class TeacherReply:
    """The teacher's whole response, as it came."""

    status: int
    """HTTP status."""
    content_type: str
    """Media type, in lower case, with its parameters."""
    content: bytes = field(repr=False)
    """The body, decoded from its content coding."""


@dataclass(frozen=True, slots=True)
class ParsedResponse:
    """What the teacher answered, for a trace."""

    status: TraceStatus
    """How the answer ended."""
    label: str | None = None
    """The canonical whole answer, when it is a label."""
    usage: TokenUsage | None = None
    """Tokens, when the teacher counted them."""


@dataclass(frozen=True, slots=True)
class RenderedResponse:
    """A surrogate's answer in the teacher's own form."""

    content_type: str
    """Media type."""
    content: bytes
    """The whole body."""


class Adapter(Protocol):
    """One protocol."""

    @property
    def name(self) -> str:
        """Its name, part of every fingerprint."""

    @property
    def path(self) -> str:
        """The path, `/v1` included, whose POST requests it reads."""

    @property
    def shaping(self) -> frozenset[str]:
        """Parameters that shape an answer; part of a named task as well."""

    @property
    def request_id(self) -> str:
        """The response header by which clients know a request's id."""

    def read(self, body: bytes) -> ParsedRequest | None:
        """Give the question; none for whatever only the teacher may answer."""

    def answer(self, asked: ParsedRequest, reply: TeacherReply) -> ParsedResponse:
        """Read the teacher's response."""

    def render(self, asked: ParsedRequest, label: str) -> RenderedResponse | None:
        """Write a label as the teacher would have; none when it cannot be honoured."""

    def audit_body(self, asked: ParsedRequest) -> bytes:
        """Write the same request for the teacher, to be answered in one piece."""

    def error_body(self, status: int, message: str, kind: str, code: str) -> bytes:
        """Write an error of ours as clients of this protocol expect it."""
