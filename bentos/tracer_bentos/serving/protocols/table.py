"""Which adapters are active in a process, by path."""

from collections.abc import Iterable, Mapping
from typing import Final

from tracer_bentos.serving.protocols.adapter import Adapter
from tracer_bentos.serving.protocols.chat.request import OpenAIChat

__all__ = ["BETA_HEADERS", "by_path"]

BETA_HEADERS: Final = ("anthropic-beta", "openai-beta")
"""Headers that change what a request means in ways nobody can know in advance."""


def by_path(adapters: Iterable[Adapter] = ()) -> Mapping[bytes, Adapter]:
    """Give the adapters by the raw path that they read; OpenAI's when none is named."""
    active = list(adapters) or [OpenAIChat()]
    return {adapter.path.encode(): adapter for adapter in active}
