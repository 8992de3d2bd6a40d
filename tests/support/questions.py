"""Small requests of every protocol, and what a teacher answers to them."""

import json
from typing import Any

from tracer_bentos.protocols.adapter import Adapter, ParsedRequest
from tracer_bentos.protocols.chat.request import OpenAIChat
from tracer_bentos.protocols.completions import OpenAICompletions
from tracer_bentos.protocols.messages.request import AnthropicMessages
from tracer_bentos.protocols.responses.request import OpenAIResponses

__all__ = ["ADAPTERS", "CALLERS", "asked_of", "tools_of"]

ADAPTERS: tuple[Adapter, ...] = (
    OpenAIChat(),
    OpenAIResponses(),
    OpenAICompletions(),
    AnthropicMessages(),
)
CALLERS = tuple(each for each in ADAPTERS if each.name != "openai-completions")
"""Those whose answers can call tools."""

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


def asked_of(adapter: Adapter, **changes: Any) -> ParsedRequest | None:
    """Read a small request with changes."""
    document = {"model": "m", **_REQUESTS[adapter.name], **changes}
    return adapter.parse_request(json.dumps(document).encode())


def tools_of(adapter: Adapter) -> list[dict[str, Any]]:
    """Give one tool of the client's in the protocol's form."""
    return [_TOOLS[adapter.name]]
