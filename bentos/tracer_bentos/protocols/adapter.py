"""The interface between the data plane and one API of a teacher.

An adapter defines which requests the surrogate may answer, how a response of the
teacher is parsed, how a label is written in the format of the API, how the API reports
errors, and which header carries a key. An adapter stores no state and does not use
tasks: that is `tracer_bentos.tasks`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, Self

from tracer_bentos.protocols.api_conventions import ApiConventions
from tracer_bentos.protocols.tokens import TokenUsage
from tracer_core.contracts.traces import TraceStatus

__all__ = [
    "Adapter",
    "ClassificationInput",
    "ParsedRequest",
    "ParsedResponse",
    "RenderedResponse",
    "RequestTarget",
    "TeacherReply",
    "TextSegment",
]


class RequestTarget(NamedTuple):
    """The method, path, and query of a request, as the client sent them."""

    method: str
    """Method in upper case."""
    path: bytes
    """Path without the query, percent-encoded."""
    query: bytes = b""
    """Query without the question mark; empty if there is none."""

    @classmethod
    def from_post(cls, url_path: str) -> Self:
        """Return the target of a POST request from a path with or without a query."""
        path, _, query = url_path.partition("?")
        return cls("POST", path.encode(), query.encode())


@dataclass(frozen=True, slots=True)
class TextSegment:
    """One text of a request."""

    position: str
    """Position of the text, such as `system 1`; part of the task fingerprint."""
    text: str = field(repr=False)
    """The text as the client sent it."""
    fixed: bool
    """Whether the text defines the task; otherwise it is classified."""


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """A request that an adapter can read and that a label can answer."""

    adapter: "Adapter"
    """The adapter that parsed the request."""
    model: str
    """The model in the body; the deployment in the path if the body contains no model;
    the path if the API has no models."""
    segments: tuple[TextSegment, ...]
    """The texts of the request, in order."""
    parameters: Mapping[str, Any] = field(repr=False)
    """All other fields of the request that define its task."""
    document: Mapping[str, Any] = field(repr=False)
    """The complete request body."""
    size: int
    """Size of the request body in bytes."""
    stream: bool = False
    """Whether the client requests server-sent events."""
    deployment: str | None = None
    """The deployment in the path, on Azure. Azure selects the model by deployment, and
    ignores the model in the body."""

    @property
    def access_scope(self) -> str:
        """The scope in which a key that the teacher accepted stays accepted."""
        if self.deployment is None or self.deployment == self.model:
            return self.model
        return f"{self.deployment}/{self.model}"


@dataclass(frozen=True, slots=True)
class ClassificationInput:
    """A request with its task and the text that is classified."""

    request: ParsedRequest
    """The request."""
    task: str
    """Fingerprint of the task."""
    input: str = field(repr=False)
    """The text that is classified, before redaction."""

    @property
    def model(self) -> str:
        """The model of the request."""
        return self.request.model

    @property
    def size(self) -> int:
        """Size of the request body in bytes."""
        return self.request.size


@dataclass(frozen=True, slots=True)
class TeacherReply:
    """A complete response of the teacher."""

    status: int
    """HTTP status."""
    content_type: str
    """Media type in lower case, with its parameters."""
    content: bytes = field(repr=False)
    """The body, decoded from its content coding."""

    @property
    def is_stream(self) -> bool:
        """Whether the body is a stream of server-sent events."""
        return self.content_type.startswith("text/event-stream")


@dataclass(frozen=True, slots=True)
class ParsedResponse:
    """The teacher's answer, for a trace."""

    status: TraceStatus
    """How the answer ended."""
    label: str | None = None
    """The canonical complete answer; none if the answer is not a label."""
    usage: TokenUsage | None = None
    """Token counts; none if the teacher did not report valid counts."""


@dataclass(frozen=True, slots=True)
class RenderedResponse:
    """A surrogate's answer in the format of the teacher's API."""

    content_type: str
    """Media type."""
    content: bytes
    """The complete body."""


class Adapter(Protocol):
    """One API of a teacher.

    `tracer_bentos.protocols.registry` describes how a package can add an adapter.
    """

    @property
    def name(self) -> str:
        """Unique name; part of every task fingerprint."""

    @property
    def exact_paths(self) -> tuple[str, ...]:
        """Raw paths that only this adapter reads; a dictionary finds them."""

    @property
    def has_path_patterns(self) -> bool:
        """Whether `matches` can be true for paths outside of `exact_paths`."""

    @property
    def output_parameters(self) -> frozenset[str]:
        """Fields that shape an answer; part of a task that the client names as well."""

    @property
    def request_id_header(self) -> str:
        """Name of the response header that contains the request id."""

    def matches(self, target: RequestTarget) -> bool:
        """Return whether the adapter reads requests with this target.

        Called for every request with an exact path, and for every other request if
        `has_path_patterns`. Must not take more than about a microsecond.
        """

    def conventions(self, target: RequestTarget) -> ApiConventions:
        """Return how the API of this target reports errors and carries keys."""

    def parse_request(
        self, body: bytes, target: RequestTarget | None = None
    ) -> ParsedRequest | None:
        """Return the parsed request; none if only the teacher may answer it.

        Args:
            body: The request body.
            target: Method, path, and query; none if only the body is known.
        """

    def parse_response(
        self, request: ParsedRequest, reply: TeacherReply
    ) -> ParsedResponse:
        """Return the parsed response of the teacher."""

    def render(self, request: ParsedRequest, label: str) -> RenderedResponse | None:
        """Return the response for a label; none if the request does not allow it."""

    def audit_body(self, request: ParsedRequest) -> bytes:
        """Return the body of the same request to the teacher, without streaming."""
