"""The active adapters of a process, and how a request finds its adapter.

Built-in adapters:

- Teachers with protocol `OpenAI` or `Anthropic`: the adapters of
  `language_model_adapters`, because many teachers offer several of these APIs.
- Teachers with protocol `HTTP`: one `GenericHttpAdapter` for each path in
  `teacher.endpoints`.

Adapters of installed packages: a package adds an adapter with an entry point in the
group `tracer_router.adapters`. The entry point names a callable without arguments that
returns an `Adapter`:

    [project.entry-points."tracer_router.adapters"]
    gemini = "my_package.gemini:GeminiAdapter"

Selection: `teacher.protocol` stays `OpenAI`, `Anthropic`, or `HTTP` and selects the
built-in adapters. The adapters of all installed packages are active in addition, with
every protocol, in the order of the names of their entry points. They are matched after
the built-in adapters: a path of a built-in adapter cannot be replaced. To remove an
adapter, remove its package from the runtime image. Training on request logs uses the
same adapters.

An adapter that cannot be used stops the process at start with a `SpecError`, because a
pod without the adapter would forward all of its requests without a trace: the entry
point cannot be imported, the callable fails, the result does not have the attributes of
an `Adapter`, its name or a path belongs to another adapter, or its key header is not
one of `KEY_HEADERS`. An exception from an adapter that is in use is counted, and the
teacher answers the request.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from tracer_bentos.protocols.adapter import Adapter, RequestTarget
from tracer_bentos.protocols.anthropic_messages.adapter import AnthropicMessages
from tracer_bentos.protocols.api_conventions import KEY_HEADERS
from tracer_bentos.protocols.openai_chat.adapter import OpenAIChat
from tracer_bentos.protocols.openai_completions import OpenAICompletions
from tracer_bentos.protocols.openai_responses.adapter import OpenAIResponses
from tracer_core.errors import SpecError

__all__ = [
    "BETA_HEADERS",
    "ENTRY_POINTS",
    "AdapterTable",
    "build_table",
    "find_adapter",
    "language_model_adapters",
    "load_installed_adapters",
]

BETA_HEADERS: Final = ("anthropic-beta", "openai-beta")
"""Headers that change the meaning of a request in ways that no adapter can foresee."""

ENTRY_POINTS: Final = "tracer_router.adapters"
"""Group of entry points with which a package adds an adapter."""

_ATTRIBUTES: Final = (
    "name",
    "exact_paths",
    "has_path_patterns",
    "output_parameters",
    "request_id_header",
    "matches",
    "conventions",
    "parse_request",
    "parse_response",
    "render",
    "audit_body",
)


@dataclass(frozen=True, slots=True)
class AdapterTable:
    """The active adapters, indexed for `find_adapter`."""

    exact: Mapping[bytes, Adapter]
    """Adapters by raw path."""
    patterns: tuple[Adapter, ...]
    """Adapters that match other paths as well, in order."""


def build_table(active: Iterable[Adapter]) -> AdapterTable:
    """Return the table of the active adapters; the first adapter of a path counts."""
    adapters = tuple(active)
    exact: dict[bytes, Adapter] = {}
    for adapter in adapters:
        for path in adapter.exact_paths:
            exact.setdefault(path.encode(), adapter)
    patterns = tuple(adapter for adapter in adapters if adapter.has_path_patterns)
    return AdapterTable(exact, patterns)


def find_adapter(adapters: AdapterTable, target: RequestTarget) -> Adapter | None:
    """Return the adapter that reads a request; none if no adapter reads it.

    An exact path takes one dictionary lookup. Any other path is offered to the adapters
    with path patterns, in order.
    """
    exact = adapters.exact.get(target.path)
    if exact is not None:
        return exact if exact.matches(target) else None
    for adapter in adapters.patterns:
        if adapter.matches(target):
            return adapter
    return None


def language_model_adapters() -> tuple[Adapter, ...]:
    """Return the adapters of language models."""
    return (OpenAIChat(), OpenAIResponses(), OpenAICompletions(), AnthropicMessages())


def load_installed_adapters() -> tuple[Adapter, ...]:
    """Return the adapters of installed packages, ordered by entry point.

    Raises:
        SpecError: An entry point cannot be used.
    """
    names = {adapter.name: "the router" for adapter in language_model_adapters()}
    paths = {
        path: "the router"
        for adapter in language_model_adapters()
        for path in adapter.exact_paths
    }
    adapters = []
    points = entry_points(group=ENTRY_POINTS)
    for point in sorted(points, key=lambda point: (point.name, point.value)):
        adapter = _load(point)
        _claim(names, [adapter.name], "name", point)
        _claim(paths, adapter.exact_paths, "path", point)
        adapters.append(adapter)
    return tuple(adapters)


def _load(point: EntryPoint) -> Adapter:
    try:
        adapter: Adapter = point.load()()
    except Exception as error:
        raise SpecError(
            f"{_described(point)} cannot be loaded: {error!r}; correct the package or"
            " remove it from the image"
        ) from error
    missing = [name for name in _ATTRIBUTES if not hasattr(adapter, name)]
    if missing:
        raise SpecError(
            f"{_described(point)} returned {type(adapter).__name__}, which is not an"
            f" Adapter: {', '.join(missing)} not found"
        )
    _check_key_header(adapter, point)
    return adapter


def _check_key_header(adapter: Adapter, point: EntryPoint) -> None:
    for path in adapter.exact_paths or ("/",):
        header = adapter.conventions(RequestTarget.from_post(path)).key_header
        if header.encode() not in KEY_HEADERS:
            allowed = ", ".join(sorted(key.decode() for key in KEY_HEADERS))
            raise SpecError(
                f"{_described(point)} uses the key header {header!r}; must be one of"
                f" {allowed}"
            )


def _claim(
    owners: dict[str, str], values: Iterable[str], kind: str, point: EntryPoint
) -> None:
    for value in values:
        if value in owners:
            raise SpecError(
                f"{_described(point)} uses the {kind} {value!r} of {owners[value]};"
                f" each adapter must have its own {kind}"
            )
        owners[value] = _described(point)


def _described(point: EntryPoint) -> str:
    return f"adapter {point.name!r} ({point.value}, entry point of {ENTRY_POINTS})"
