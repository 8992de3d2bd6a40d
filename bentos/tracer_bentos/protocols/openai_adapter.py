"""The common part of the adapters of OpenAI's APIs, on OpenAI and on Azure.

Azure OpenAI offers the same operations under other paths:

- `/openai/v1/OPERATION`: version 1 of the API;
- `/openai/deployments/NAME/OPERATION?api-version=DATE` for chat completions and
  completions;
- `/openai/OPERATION?api-version=DATE` for responses.

All of them are read with and without `/v1` in front, because the base URL of clients of
the router contains it. `/deployments/NAME/OPERATION` is read as well: `/openai` is then
part of the base URL of the client or of `teacher.url`.

Source:
    Azure OpenAI in Azure AI Foundry Models REST API reference, data plane inference.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote

from typing_extensions import override

from tracer_bentos.protocols.adapter import RequestTarget
from tracer_bentos.protocols.api_conventions import (
    AZURE_OPENAI_API,
    OPENAI_API,
    ApiConventions,
)
from tracer_bentos.protocols.conversation import (
    TURN_ROLES,
    ConversationAdapter,
    RoleText,
    all_match,
    single_text,
)
from tracer_bentos.protocols.response_constraints import ResponseConstraints

__all__ = [
    "INSTRUCTION_ROLES",
    "OpenAIAdapter",
    "has_client_tools_only",
    "parse_message",
    "tool_constraints",
]

INSTRUCTION_ROLES: Final = frozenset({"system", "developer"})
"""Roles of messages that define the task."""

FunctionName = Callable[[object], str | None]

_DEPLOYMENT: Final = re.compile(rb"(?:/v1)?(?:/openai)?/deployments/([^/]+)/(.+)")
_API_VERSION: Final = re.compile(rb"api-version=[^&]*")
"""The only query that does not change the meaning of a request."""


class OpenAIAdapter(ConversationAdapter):
    """Base class of the adapters of OpenAI's APIs.

    A subclass with another operation needs only `operation` and its formats.
    """

    operation: str
    """Path of the operation below the base URL, such as `chat/completions`."""
    request_id_header = "x-request-id"

    def __init__(self) -> None:
        operation = self.operation
        azure = [f"/openai/v1/{operation}"]
        if not self.has_path_patterns:
            azure.append(f"/openai/{operation}")
        self.exact_paths = (
            f"/v1/{operation}",
            *azure,
            *(f"/v1{path}" for path in azure),
        )
        self._raw_operation = operation.encode()
        super().__init__()
        # A lookup takes a third of the time of the comparison with all prefixes.
        self._known_conventions = {
            path: _conventions_of(path) for path in self._raw_paths
        }

    @override
    def matches(self, target: RequestTarget) -> bool:
        """Return whether the target is a POST request to this operation."""
        if target.method != "POST":
            return False
        if target.query and not _API_VERSION.fullmatch(target.query):
            return False
        return target.path in self._raw_paths or self.deployment(target) is not None

    @override
    def conventions(self, target: RequestTarget) -> ApiConventions:
        """Return the conventions of Azure for its paths, else those of OpenAI."""
        if target.query:  # only Azure versions its API with a query
            return AZURE_OPENAI_API
        known = self._known_conventions.get(target.path)
        return known or _conventions_of(target.path)

    @override
    def deployment(self, target: RequestTarget) -> str | None:
        """Return the deployment in a path of Azure; none in any other path."""
        if not self.has_path_patterns or b"/deployments/" not in target.path:
            return None
        found = _DEPLOYMENT.fullmatch(target.path)
        if found is None or found[2] != self._raw_operation:
            return None
        return unquote(found[1].decode("latin-1"))


def _conventions_of(path: bytes) -> ApiConventions:
    azure = path.startswith(AZURE_OPENAI_API.path_prefixes)
    return AZURE_OPENAI_API if azure else OPENAI_API


def parse_message(
    role: str, content: object, text_kind: str, rest: Mapping[Any, Any]
) -> RoleText | None:
    """Return role and text of a message; none if it contains anything else.

    Args:
        role: Role of the message.
        content: Its content.
        text_kind: Type of the parts of the content that are text.
        rest: Its other fields.
    """
    text = single_text(content, text_kind)
    known = role in INSTRUCTION_ROLES or role in TURN_ROLES
    return (
        (role, text) if known and text is not None and not any(rest.values()) else None
    )


def has_client_tools_only(
    document: Mapping[str, Any], function_name: FunctionName
) -> bool:
    """Return whether the client runs all tools of a request; other tools have effects.

    Args:
        document: The request.
        function_name: Returns the name of the function in a tool or tool choice; none
            if it is not a function that the client runs.
    """

    def is_function(tool: object) -> bool:
        return function_name(tool) is not None

    choice = document.get("tool_choice")
    known = choice in (None, "none", "auto", "required") or is_function(choice)
    return known and all_match(document.get("tools"), is_function)


def tool_constraints(
    document: Mapping[str, Any],
    function_name: FunctionName,
    response_format: Mapping[str, Any],
) -> ResponseConstraints:
    """Return the constraints of a request that `has_client_tools_only`.

    Args:
        document: The request.
        function_name: As for `has_client_tools_only`.
        response_format: The format of the text.
    """
    choice = document.get("tool_choice")
    names = map(function_name, document.get("tools") or [])
    chosen = function_name(choice)
    return ResponseConstraints(
        in_json=response_format.get("type") in {"json_object", "json_schema"},
        tools=frozenset(name for name in names if name is not None),
        must_call=choice == "required" or chosen is not None,
        only=chosen,
        may_call=choice != "none",
        one_call=document.get("parallel_tool_calls") is False,
    )
