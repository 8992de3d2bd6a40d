"""A small request for each adapter of a language model."""

import json
from typing import Any

from tracer_bentos.protocols.adapter import Adapter, ParsedRequest
from tracer_bentos.protocols.anthropic_messages.adapter import AnthropicMessages
from tracer_bentos.protocols.openai_chat.adapter import OpenAIChat
from tracer_bentos.protocols.openai_completions import OpenAICompletions
from tracer_bentos.protocols.openai_responses.adapter import OpenAIResponses

__all__ = ["ADAPTERS", "TOOL_ADAPTERS", "client_tools", "parse_sample"]

ADAPTERS: tuple[Adapter, ...] = (
    OpenAIChat(),
    OpenAIResponses(),
    OpenAICompletions(),
    AnthropicMessages(),
)
TOOL_ADAPTERS = tuple(
    adapter for adapter in ADAPTERS if adapter.name != "openai-completions"
)
"""Adapters whose answers can call tools."""

_USER = {"role": "user", "content": "Refund"}
_REQUESTS: dict[str, dict[str, Any]] = {
    "openai-chat": {"messages": [_USER]},
    "openai-responses": {"input": "Refund", "store": False},
    "openai-completions": {"prompt": "Refund"},
    "anthropic-messages": {"messages": [_USER], "max_tokens": 16},
}
_FUNCTION: dict[str, Any] = {"name": "route", "parameters": {"type": "object"}}
_TOOLS: dict[str, dict[str, Any]] = {
    "openai-chat": {"type": "function", "function": _FUNCTION},
    "openai-responses": {"type": "function", **_FUNCTION},
    "anthropic-messages": {"name": "route", "input_schema": {"type": "object"}},
}


def parse_sample(adapter: Adapter, **changes: Any) -> ParsedRequest | None:
    """Return the parsed small request with changed fields."""
    document = {"model": "m", **_REQUESTS[adapter.name], **changes}
    return adapter.parse_request(json.dumps(document).encode())


def client_tools(adapter: Adapter) -> list[dict[str, Any]]:
    """Return one tool of the client in the format of the API."""
    return [_TOOLS[adapter.name]]
