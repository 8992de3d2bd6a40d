"""Plain HTTP: one path whose JSON requests are classified.

What the input selectors point at is the input; everything else in the request defines
the question. What the label selector points at is the whole of the answer that counts,
and all that a surrogate's answer holds.
"""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from tracer_bentos.protocols.adapter import (
    ParsedRequest,
    ParsedResponse,
    RenderedResponse,
    TeacherReply,
    TextSegment,
)
from tracer_bentos.protocols.conversation import MAX_INPUT_CHARACTERS
from tracer_bentos.protocols.errors import openai_error_body
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
        SpecError: The label selector may point at several places.
    """

    path: str
    """The path, as clients send it."""
    input: tuple[JsonSelector, ...]
    """Where the texts to be classified lie in a request."""
    label: JsonSelector
    """Where the label lies in a response."""

    shaping = frozenset[str]()
    request_id = "x-request-id"

    def __post_init__(self) -> None:
        if not self.label.is_one_place:
            raise SpecError(f"{self.label.text!r} is several places: a label is one")

    @property
    def name(self) -> str:
        """Its name: other selectors are another question."""
        places = ",".join(each.text for each in self.input)
        return f"http {self.path} {places} {self.label.text}"

    def read(self, body: bytes) -> ParsedRequest | None:
        """Give the question; none when no input is found in the request."""
        document = parse_object(body)
        if document is None:
            return None
        found = [self._passage(each, document) for each in self.input]
        passages = tuple(each for each in found if each)
        if (
            not passages
            or sum(len(each.text) for each in passages) > MAX_INPUT_CHARACTERS
        ):
            return None
        rest: Any = document
        for each in self.input:
            rest = each.without(rest)
        return ParsedRequest(
            adapter=self,
            model=self.path,
            passages=passages,
            parameters=omit(rest or {}, ()),
            document=document,
            size=len(body),
        )

    def answer(self, asked: ParsedRequest, reply: TeacherReply) -> ParsedResponse:
        """Read the label from the teacher's response."""
        del asked
        if reply.status != HTTPStatus.OK:
            return ParsedResponse(TraceStatus.FAILED)
        try:
            found = self.label.values(json.loads(reply.content))
            label = _serialize(found[0]) if found else ""
            label.encode()  # half a character cannot be written
        except (ValueError, RecursionError):
            label = ""
        if not label:
            return ParsedResponse(TraceStatus.ABNORMAL)
        return ParsedResponse(TraceStatus.OK, label)

    def render(self, asked: ParsedRequest, label: str) -> RenderedResponse | None:
        """Write a response that holds the label where the teacher would put it."""
        del asked
        return RenderedResponse(
            _JSON, compact_json(self.label.around(_parse_label(label)))
        )

    def audit_body(self, asked: ParsedRequest) -> bytes:
        """Write the same request for the teacher."""
        return compact_json(asked.document)

    def error_body(self, status: int, message: str, kind: str, code: str) -> bytes:
        """Write an error of ours; plain HTTP has no shape of its own."""
        return openai_error_body(status, message, kind, code)

    def _passage(
        self, selector: JsonSelector, document: dict[str, Any]
    ) -> TextSegment | None:
        values = selector.values(document)
        texts = [
            each if isinstance(each, str) else canonical_json(each) for each in values
        ]
        text = "\n".join(texts)
        return TextSegment(selector.text, text, fixed=False) if text else None


def _serialize(value: Any) -> str:
    """Write a value so that people can read it and `_parse_label` gives it back."""
    if isinstance(value, str) and _parse_label(value) == value:
        return value
    return canonical_json(value)


def _parse_label(label: str) -> Any:
    try:
        return json.loads(label)
    except (ValueError, RecursionError):
        return label
