"""What the teacher speaks: protocol, paths and fields to ignore."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from tracer_bentos.protocols.adapter import Adapter
from tracer_bentos.protocols.errors import ErrorBody, openai_error_body
from tracer_bentos.protocols.generic_http.endpoint import GenericHttpAdapter
from tracer_bentos.protocols.generic_http.selector import JsonSelector
from tracer_bentos.protocols.messages.errors import anthropic_error_body
from tracer_bentos.protocols.registry import language_model_adapters
from tracer_core.contracts import runtime
from tracer_core.contracts.protocol import TeacherProtocol
from tracer_core.errors import SpecError

__all__ = ["ProtocolConfig"]

_ANTHROPIC_PATHS = b"/v1/messages"
"""Where every teacher speaks as Anthropic does: counts of tokens, batches."""


@dataclass(frozen=True, slots=True)
class ProtocolConfig:
    """How to talk to the teacher and what of its traffic is understood."""

    protocol: TeacherProtocol = TeacherProtocol.OPENAI
    """What it speaks."""
    endpoints: tuple[GenericHttpAdapter, ...] = ()
    """Paths of a plain HTTP teacher."""
    ignored: tuple[str, ...] = ()
    """Fields of requests that do not define the question."""

    @classmethod
    def read(cls, given: Mapping[str, str]) -> Self:
        """Read it from environment variables.

        Raises:
            SpecError: A variable is malformed; says which and what to write.
        """
        named = given.get(runtime.PROTOCOL, TeacherProtocol.OPENAI)
        if named not in list(TeacherProtocol):
            raise SpecError(
                f"{runtime.PROTOCOL}={named!r}: say {' or '.join(TeacherProtocol)}"
            )
        endpoints = _items(given, runtime.ENDPOINTS)
        ignored = _items(given, runtime.TASKS_IGNORE)
        return cls(
            TeacherProtocol(named),
            tuple(_endpoint(each) for each in endpoints),
            tuple(str(each) for each in ignored),
        )

    @property
    def adapters(self) -> tuple[Adapter, ...]:
        """Give the adapters that are active, each for a path of its own."""
        return (
            self.endpoints
            if self.protocol is TeacherProtocol.HTTP
            else language_model_adapters()
        )

    @property
    def key_header(self) -> str:
        """Name the header in which the teacher takes its key."""
        anthropic = self.protocol is TeacherProtocol.ANTHROPIC
        return "x-api-key" if anthropic else "authorization"

    def error_body(self, path: bytes) -> ErrorBody:
        """Give how an error of ours is written at a path that no adapter reads."""
        anthropic = self.protocol is TeacherProtocol.ANTHROPIC
        if anthropic or path.startswith(_ANTHROPIC_PATHS):
            return anthropic_error_body
        return openai_error_body

    def base_url(self, url: str) -> str:
        """Give the URL that stands for a client's `/v1`.

        OpenAI's clients are told a URL with it, and some teachers have none; everybody
        else's paths are whole.
        """
        whole = self.protocol is TeacherProtocol.OPENAI or url.endswith("/v1")
        return url if whole else url + "/v1"


def _items(given: Mapping[str, str], name: str) -> list[Any]:
    try:
        items = json.loads(given.get(name, "[]"))
    except ValueError:
        items = None
    if not isinstance(items, list):
        raise SpecError(f"{name}={given[name]!r} is not a list in JSON")
    return items


def _endpoint(item: Any) -> GenericHttpAdapter:
    try:
        path, places, label = item["path"], item["input"], item.get("label", "$")
        parsed = tuple(JsonSelector.parse(str(place)) for place in places)
        return GenericHttpAdapter(str(path), parsed, JsonSelector.parse(str(label)))
    except (TypeError, KeyError, AttributeError) as error:
        raise SpecError(
            f"{runtime.ENDPOINTS} is not a list of path, input and label: {error!r}"
        ) from None
