"""Which adapters are active in a process, by path."""

from collections.abc import Iterable, Mapping
from typing import Final

from tracer_bentos.protocols.adapter import Adapter
from tracer_bentos.protocols.chat.request import OpenAIChat
from tracer_bentos.protocols.completions import OpenAICompletions
from tracer_bentos.protocols.messages.request import AnthropicMessages
from tracer_bentos.protocols.responses.request import OpenAIResponses

__all__ = ["BETA_HEADERS", "index_by_path", "language_model_adapters"]

BETA_HEADERS: Final = ("anthropic-beta", "openai-beta")
"""Headers that change what a request means in ways nobody can know in advance."""


def language_model_adapters() -> tuple[Adapter, ...]:
    """Give the adapters of language models; many teachers speak several of them."""
    return (OpenAIChat(), OpenAIResponses(), OpenAICompletions(), AnthropicMessages())


def index_by_path(active: Iterable[Adapter]) -> Mapping[bytes, Adapter]:
    """Give the adapters by the raw path that they read."""
    return {adapter.path.encode(): adapter for adapter in active}
