"""The protocol of the teacher: active adapters, conventions, and ignored fields."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from tracer_bentos.protocols.adapter import Adapter
from tracer_bentos.protocols.api_conventions import (
    ANTHROPIC_API,
    GENERIC_HTTP_API,
    KNOWN_APIS,
    OPENAI_API,
    ApiConventions,
)
from tracer_bentos.protocols.generic_http.adapter import GenericHttpAdapter
from tracer_bentos.protocols.generic_http.selector import JsonSelector
from tracer_bentos.protocols.registry import (
    language_model_adapters,
    load_installed_adapters,
)
from tracer_core.contracts.protocol import TeacherProtocol
from tracer_core.contracts.runtime_config import EndpointConfig, TeacherConfig

__all__ = ["ProtocolConfig"]

_CONVENTIONS: Final = {
    TeacherProtocol.OPENAI: OPENAI_API,
    TeacherProtocol.ANTHROPIC: ANTHROPIC_API,
    TeacherProtocol.HTTP: GENERIC_HTTP_API,
}


@dataclass(frozen=True, slots=True)
class ProtocolConfig:
    """The protocol of a teacher and the adapters that read its traffic."""

    protocol: TeacherProtocol = TeacherProtocol.OPENAI
    """Protocol of the teacher."""
    endpoints: tuple[GenericHttpAdapter, ...] = ()
    """Adapters of the paths of a teacher with protocol HTTP."""
    ignored: tuple[str, ...] = ()
    """Request fields that are not part of the definition of a task."""
    installed: tuple[Adapter, ...] = ()
    """Adapters of installed packages, active with every protocol."""

    @classmethod
    def from_config(cls, teacher: TeacherConfig, ignored: Iterable[str] = ()) -> Self:
        """Return the protocol of a configured teacher.

        Args:
            teacher: The teacher.
            ignored: Request fields that are not part of the definition of a task.

        Raises:
            SpecError: A JSON path cannot be parsed, or an adapter of an installed
                package cannot be used.
        """
        endpoints = tuple(_adapter(endpoint) for endpoint in teacher.endpoints)
        installed = load_installed_adapters()
        return cls(teacher.protocol, endpoints, tuple(ignored), installed)

    @property
    def adapters(self) -> tuple[Adapter, ...]:
        """The active adapters, in the order in which they match a request."""
        built_in: tuple[Adapter, ...] = (
            self.endpoints
            if self.protocol is TeacherProtocol.HTTP
            else language_model_adapters()
        )
        return (*built_in, *self.installed)

    @property
    def conventions(self) -> ApiConventions:
        """The conventions of the teacher's protocol."""
        return _CONVENTIONS[self.protocol]

    def conventions_for(self, path: bytes) -> ApiConventions:
        """Return the conventions of a raw path that no adapter reads."""
        for api in KNOWN_APIS:
            if path.startswith(api.path_prefixes) and self._can_offer(api):
                return api
        return self.conventions

    def _can_offer(self, api: ApiConventions) -> bool:
        """Return whether the teacher can offer an API; only Azure uses its own key."""
        return api.key_follows_teacher or self.protocol is TeacherProtocol.OPENAI


def _adapter(endpoint: EndpointConfig) -> GenericHttpAdapter:
    selectors = tuple(JsonSelector.parse(selector) for selector in endpoint.input)
    label = JsonSelector.parse(endpoint.label)
    return GenericHttpAdapter(endpoint.path, selectors, label)
