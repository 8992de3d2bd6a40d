"""Plain HTTP: one path whose JSON requests are classified.

What the input selectors point at is the input; everything else in the request defines
the question. What the label selector points at is the whole of the answer that counts,
and all that a surrogate's answer holds.
"""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from tracer_bentos.protocols.adapter import Answer, Asked, Passage, Rendered, Reply
from tracer_bentos.protocols.conversation import LONGEST_INPUT
from tracer_bentos.protocols.errors import openai_error_body
from tracer_bentos.protocols.generic_http.selector import Selector
from tracer_bentos.protocols.json_body import compact, object_of, without
from tracer_bentos.protocols.label import canonical_json
from tracer_core.contracts.traces import TraceStatus
from tracer_core.errors import SpecError

__all__ = ["PlainJson"]

_JSON: Final = "application/json"


@dataclass(frozen=True)
class PlainJson:
    """The adapter of one path.

    Raises:
        SpecError: The label selector may point at several places.
    """

    path: str
    """The path, as clients send it."""
    input: tuple[Selector, ...]
    """Where the texts to be classified lie in a request."""
    label: Selector
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

    def read(self, body: bytes) -> Asked | None:
        """Give the question; none when no input is found in the request."""
        document = object_of(body)
        if document is None:
            return None
        found = [self._passage(each, document) for each in self.input]
        passages = tuple(each for each in found if each)
        if not passages or sum(len(each.text) for each in passages) > LONGEST_INPUT:
            return None
        rest: Any = document
        for each in self.input:
            rest = each.without(rest)
        return Asked(
            adapter=self,
            model=self.path,
            passages=passages,
            parameters=without(rest or {}, ()),
            document=document,
            size=len(body),
        )

    def answer(self, asked: Asked, reply: Reply) -> Answer:
        """Read the label from the teacher's response."""
        del asked
        if reply.status != HTTPStatus.OK:
            return Answer(TraceStatus.FAILED)
        try:
            found = self.label.values(json.loads(reply.content))
            label = _written(found[0]) if found else ""
            label.encode()  # half a character cannot be written
        except (ValueError, RecursionError):
            label = ""
        if not label:
            return Answer(TraceStatus.ABNORMAL)
        return Answer(TraceStatus.OK, label)

    def render(self, asked: Asked, label: str) -> Rendered | None:
        """Write a response that holds the label where the teacher would put it."""
        del asked
        return Rendered(_JSON, compact(self.label.around(_meant(label))))

    def audit_body(self, asked: Asked) -> bytes:
        """Write the same request for the teacher."""
        return compact(asked.document)

    def error_body(self, status: int, message: str, kind: str, code: str) -> bytes:
        """Write an error of ours; plain HTTP has no shape of its own."""
        return openai_error_body(status, message, kind, code)

    def _passage(self, selector: Selector, document: dict[str, Any]) -> Passage | None:
        values = selector.values(document)
        texts = [
            each if isinstance(each, str) else canonical_json(each) for each in values
        ]
        text = "\n".join(texts)
        return Passage(selector.text, text, fixed=False) if text else None


def _written(value: Any) -> str:
    """Write a value so that people can read it and `_meant` gives it back."""
    if isinstance(value, str) and _meant(value) == value:
        return value
    return canonical_json(value)


def _meant(label: str) -> Any:
    try:
        return json.loads(label)
    except (ValueError, RecursionError):
        return label
