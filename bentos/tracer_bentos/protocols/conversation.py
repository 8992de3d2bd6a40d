"""The common part of all adapters of language models.

`ConversationAdapter` implements what the APIs have in common: the order of the checks,
the texts of a conversation, and the status of a response. Subclasses define the fields
and formats of one API.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from itertools import takewhile
from typing import Any, Final

from tracer_bentos.protocols.adapter import (
    ParsedRequest,
    ParsedResponse,
    RenderedResponse,
    RequestTarget,
    TeacherReply,
    TextSegment,
)
from tracer_bentos.protocols.api_conventions import ApiConventions
from tracer_bentos.protocols.json_body import (
    has_any,
    has_valid_stream,
    non_streaming_body,
    omit,
    parse_object,
)
from tracer_bentos.protocols.label import ParsedAnswer, canonical_label, parse_label
from tracer_bentos.protocols.response_constraints import ResponseConstraints
from tracer_bentos.protocols.tokens import TokenUsage
from tracer_core.contracts.traces import TraceStatus

__all__ = [
    "MAX_INPUT_CHARACTERS",
    "TURN_ROLES",
    "ConversationAdapter",
    "all_match",
    "conversation_segments",
    "label_response",
    "parse_messages",
    "single_text",
]

MAX_INPUT_CHARACTERS: Final = 100_000
"""Maximum size of a text that a small classifier reads and that a trace stores."""

TURN_ROLES: Final = frozenset({"user", "assistant"})
"""Roles of the turns of a conversation, in all APIs."""

MALFORMED: Final = (ValueError, TypeError, LookupError, AttributeError, RecursionError)
"""Exceptions of parsing a response that does not have the format of the API."""

RoleText = tuple[str, str]
"""Role and text of a message."""


class ConversationAdapter(ABC):
    """Base class of the adapters of language models."""

    name: str
    """Unique name; part of every task fingerprint."""
    exact_paths: tuple[str, ...]
    """Raw paths of the requests."""
    has_path_patterns: bool = False
    """Whether `matches` can be true for other paths."""
    request_id_header: str
    """Name of the response header that contains the request id."""
    output_parameters: frozenset[str]
    """Fields that shape an answer."""
    stateful_fields: frozenset[str] = frozenset()
    """Fields with effects, state, or outputs that a label cannot represent. A request
    that sets one of them is forwarded to the teacher."""
    omitted_fields: frozenset[str]
    """Fields that do not define a task. Any unknown field does: a new parameter is a
    new task."""

    def __init__(self) -> None:
        self._raw_paths = frozenset(path.encode() for path in self.exact_paths)

    def matches(self, target: RequestTarget) -> bool:
        """Return whether the target is a POST request to a path of this API."""
        return (
            target.method == "POST"
            and not target.query
            and target.path in self._raw_paths
        )

    @abstractmethod
    def conventions(self, target: RequestTarget) -> ApiConventions:
        """Return how the API reports errors and carries keys."""

    def deployment(self, target: RequestTarget) -> str | None:
        """Return the deployment in the path; none if the path contains none."""
        del target
        return None

    def parse_request(
        self, body: bytes, target: RequestTarget | None = None
    ) -> ParsedRequest | None:
        """Return the parsed request; none if only the teacher may answer it."""
        document = parse_object(body)
        if document is None or not self._is_answerable(document):
            return None
        segments = self.segments(document)
        deployment = self.deployment(target) if target else None
        model = document.get("model") or deployment
        if not segments or not isinstance(model, str):
            return None
        return ParsedRequest(
            adapter=self,
            model=model,
            segments=segments,
            parameters=omit(document, self.omitted_fields),
            document=document,
            size=len(body),
            stream=document.get("stream") is True,
            deployment=deployment,
        )

    def parse_response(
        self, request: ParsedRequest, reply: TeacherReply
    ) -> ParsedResponse:
        """Return the parsed response: a label only if one complete answer ended."""
        if reply.status != HTTPStatus.OK:
            return ParsedResponse(TraceStatus.FAILED)
        in_json = self.constraints(request.document).in_json
        try:
            return self.parse_reply(reply, in_json=in_json)
        except MALFORMED:  # not the format of the API: never a label
            return ParsedResponse(TraceStatus.ABNORMAL)

    def render(self, request: ParsedRequest, label: str) -> RenderedResponse | None:
        """Return the response for a label, without usage; none if not allowed."""
        answer = parse_label(label)
        if not self.constraints(request.document).allows(answer):
            return None
        return self.render_answer(request, answer)

    def audit_body(self, request: ParsedRequest) -> bytes:
        """Return the body of the same request, without streaming."""
        return non_streaming_body(request.document)

    @abstractmethod
    def has_one_plain_answer(self, document: dict[str, Any]) -> bool:
        """Return whether the request allows one answer that a label can represent."""

    @abstractmethod
    def segments(self, document: dict[str, Any]) -> tuple[TextSegment, ...] | None:
        """Return the texts of the request; none if it contains anything else."""

    @abstractmethod
    def constraints(self, document: Mapping[str, Any]) -> ResponseConstraints:
        """Return what the request requires of an answer."""

    @abstractmethod
    def parse_reply(self, reply: TeacherReply, *, in_json: bool) -> ParsedResponse:
        """Return the parsed response with status 200.

        Args:
            reply: The response, complete or as a stream.
            in_json: Whether the client requires JSON: any other text is not a label.
        """

    @abstractmethod
    def render_answer(
        self, request: ParsedRequest, answer: ParsedAnswer
    ) -> RenderedResponse:
        """Return an answer in the format that the client requested."""

    def _is_answerable(self, document: dict[str, Any]) -> bool:
        return (
            not has_any(document, self.stateful_fields)
            and has_valid_stream(document)
            and self.has_one_plain_answer(document)
        )


def label_response(
    answer: ParsedAnswer | None, usage: TokenUsage | None, *, in_json: bool
) -> ParsedResponse:
    """Return the response for an answer; abnormal if the answer is not a label."""
    label = canonical_label(answer, in_json=in_json) if answer else None
    status = TraceStatus.OK if label else TraceStatus.ABNORMAL
    return ParsedResponse(status, label, usage)


def parse_messages(
    items: object, parse: Callable[[object], RoleText | None]
) -> list[RoleText] | None:
    """Return role and text of all messages; none if one contains anything else."""
    if not isinstance(items, list):
        return None
    messages = [parse(item) for item in items]
    known = [message for message in messages if message]
    return known if len(known) == len(messages) else None


def single_text(content: object, *kinds: str) -> str | None:
    """Return the text of a content that has only text, in one part or several.

    Args:
        content: The content of a message.
        kinds: Types of the parts that are text.
    """
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    parts = [_part_text(part, kinds) for part in content]
    known = [part for part in parts if part is not None]
    return "\n".join(known) if known and len(known) == len(parts) else None


def _part_text(part: object, kinds: Sequence[str]) -> str | None:
    match part:
        case {"type": str(kind), "text": str(text), **rest} if kind in kinds:
            return None if any(rest.values()) else text
        case _:
            return None


def conversation_segments(
    messages: Sequence[RoleText] | None,
    instruction_roles: frozenset[str] = frozenset(),
    head: TextSegment | None = None,
) -> tuple[TextSegment, ...] | None:
    """Return the texts of a conversation: its instructions, then the input.

    One turn is the input as it is. Several turns are one transcript, in a task of their
    own; the mining of templates finds the examples at its beginning.

    Args:
        messages: Role and text of each message; none if a message is not text.
        instruction_roles: Roles of messages that define the task.
        head: Instructions outside of the messages.
    """
    if messages is None:
        return None
    leading = list(takewhile(lambda message: message[0] in instruction_roles, messages))
    turns = messages[len(leading) :]
    if not turns or turns[-1][0] != "user" or not turns[-1][1]:
        return None
    instructions = [
        TextSegment(f"{role} {number}", text, fixed=True)
        for number, (role, text) in enumerate(leading, 1)
    ]
    segment = _input_segment(turns)
    if len(segment.text) > MAX_INPUT_CHARACTERS:
        return None
    return (*([head] if head else []), *instructions, segment)


def _input_segment(turns: Sequence[RoleText]) -> TextSegment:
    if len(turns) == 1:
        return TextSegment("user", turns[0][1], fixed=False)
    transcript = "\n".join(f"{role}: {text}" for role, text in turns)
    return TextSegment("conversation", transcript, fixed=False)


def all_match(tools: object, is_client_tool: Callable[[object], bool]) -> bool:
    """Return whether `tools` is a list of tools that the client runs, or not set.

    Tools that the teacher runs have effects.
    """
    if not tools:
        return True
    return isinstance(tools, list) and all(map(is_client_tool, tools))
