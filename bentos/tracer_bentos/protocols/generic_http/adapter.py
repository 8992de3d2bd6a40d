"""Generic HTTP: one path whose JSON requests are classified.

The input selectors select the texts to classify; all other content of the request
defines the task. The label selector selects the label in a response. A response of the
surrogate contains only the label.
"""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from tracer_bentos.protocols.adapter import (
    ParsedRequest,
    ParsedResponse,
    RenderedResponse,
    RequestTarget,
    TeacherReply,
    TextSegment,
)
from tracer_bentos.protocols.api_conventions import GENERIC_HTTP_API, ApiConventions
from tracer_bentos.protocols.conversation import MAX_INPUT_CHARACTERS
from tracer_bentos.protocols.generic_http.selector import JsonSelector
from tracer_bentos.protocols.json_body import compact_json, omit, parse_object
from tracer_bentos.protocols.label import canonical_json
from tracer_core.contracts.traces import TraceStatus
from tracer_core.errors import SpecError

__all__ = ["GenericHttpAdapter"]

_JSON: Final = "application/json"


@dataclass(frozen=True)
class GenericHttpAdapter:
    """The adapter of one path.

    Raises:
        SpecError: The label selector can select more than one value.
    """

    path: str
    """The path, as clients send it."""
    input: tuple[JsonSelector, ...]
    """Selectors of the texts to classify in a request."""
    label: JsonSelector
    """Selector of the label in a response."""

    output_parameters = frozenset[str]()
    request_id_header = "x-request-id"
    has_path_patterns = False

    def __post_init__(self) -> None:
        if not self.label.selects_one_value:
            raise SpecError(
                f"label {self.label.text!r} selects several values; must select one,"
                " for example $.label"
            )

    @property
    def name(self) -> str:
        """The name; it contains the selectors, because they define the task."""
        selectors = ",".join(selector.text for selector in self.input)
        return f"http {self.path} {selectors} {self.label.text}"

    @property
    def exact_paths(self) -> tuple[str, ...]:
        """The path."""
        return (self.path,)

    def matches(self, target: RequestTarget) -> bool:
        """Return whether the target is a POST request to the path without a query."""
        return (
            target.method == "POST"
            and not target.query
            and target.path == self.path.encode()
        )

    def conventions(self, target: RequestTarget) -> ApiConventions:
        """Return the conventions of generic HTTP."""
        del target
        return GENERIC_HTTP_API

    def parse_request(
        self, body: bytes, target: RequestTarget | None = None
    ) -> ParsedRequest | None:
        """Return the parsed request; none if no selector finds a text."""
        del target
        document = parse_object(body)
        if document is None:
            return None
        found = [self._segment(selector, document) for selector in self.input]
        segments = tuple(segment for segment in found if segment)
        size = sum(len(segment.text) for segment in segments)
        if not segments or size > MAX_INPUT_CHARACTERS:
            return None
        rest: Any = document
        for selector in self.input:
            rest = selector.without(rest)
        return ParsedRequest(
            adapter=self,
            model=self.path,
            segments=segments,
            parameters=omit(rest or {}, ()),
            document=document,
            size=len(body),
        )

    def parse_response(
        self, request: ParsedRequest, reply: TeacherReply
    ) -> ParsedResponse:
        """Return the parsed response of the teacher."""
        del request
        if reply.status != HTTPStatus.OK:
            return ParsedResponse(TraceStatus.FAILED)
        try:
            values = self.label.values(json.loads(reply.content))
            label = _serialize(values[0]) if values else ""
            label.encode()  # a lone surrogate cannot be encoded
        except (ValueError, RecursionError):
            label = ""
        if not label:
            return ParsedResponse(TraceStatus.ABNORMAL)
        return ParsedResponse(TraceStatus.OK, label)

    def render(self, request: ParsedRequest, label: str) -> RenderedResponse | None:
        """Return a response that contains the label at the place of the selector."""
        del request
        return RenderedResponse(
            _JSON, compact_json(self.label.around(_parse_label(label)))
        )

    def audit_body(self, request: ParsedRequest) -> bytes:
        """Return the body of the same request."""
        return compact_json(request.document)

    def _segment(
        self, selector: JsonSelector, document: dict[str, Any]
    ) -> TextSegment | None:
        texts = [
            value if isinstance(value, str) else canonical_json(value)
            for value in selector.values(document)
        ]
        text = "\n".join(texts)
        return TextSegment(selector.text, text, fixed=False) if text else None


def _serialize(value: Any) -> str:
    """Return a readable text for a value; `_parse_label` returns the same value."""
    if isinstance(value, str) and _parse_label(value) == value:
        return value
    return canonical_json(value)


def _parse_label(label: str) -> Any:
    try:
        return json.loads(label)
    except (ValueError, RecursionError):
        return label
