"""How each API reports errors, and which header carries its key."""

from dataclasses import dataclass
from typing import Final

from tracer_bentos.protocols.errors import (
    ErrorBody,
    anthropic_error_body,
    openai_error_body,
)

__all__ = [
    "ANTHROPIC_API",
    "AZURE_OPENAI_API",
    "GENERIC_HTTP_API",
    "KEY_HEADERS",
    "KNOWN_APIS",
    "OPENAI_API",
    "ApiConventions",
]

AUTHORIZATION: Final = "authorization"

KEY_HEADERS: Final = frozenset(
    {b"api-key", AUTHORIZATION.encode(), b"x-api-key", b"x-goog-api-key"}
)
"""All headers that can carry a key of a client or of the teacher.

They identify the caller, and the router removes them from a request if it sends its own
key to the teacher. An adapter can use these headers only.
"""


@dataclass(frozen=True, slots=True)
class ApiConventions:
    """What all paths of one API have in common."""

    key_header: str
    """Header that carries the key: one of `KEY_HEADERS`, in lower case."""
    error_body: ErrorBody
    """Returns the body of an error of the router."""
    path_prefixes: tuple[bytes, ...] = ()
    """Prefixes of raw paths that belong to this API on every teacher."""
    key_follows_teacher: bool = False
    """Whether a teacher of another protocol that also offers this API accepts its key
    in its own header. Compatible servers offer the APIs of OpenAI and Anthropic and
    accept one kind of key header on all paths."""

    def key_value(self, key: str) -> str:
        """Return the value of the key header."""
        return f"Bearer {key}" if self.key_header == AUTHORIZATION else key


OPENAI_API: Final = ApiConventions(
    key_header=AUTHORIZATION,
    error_body=openai_error_body,
    path_prefixes=(b"/v1/chat/", b"/v1/completions", b"/v1/responses"),
    key_follows_teacher=True,
)
AZURE_OPENAI_API: Final = ApiConventions(
    key_header="api-key",
    error_body=openai_error_body,
    path_prefixes=(
        b"/openai/",
        b"/v1/openai/v1/",  # not /v1/openai/: other teachers use this path
        b"/v1/openai/deployments/",
        b"/deployments/",
        b"/v1/deployments/",
    ),
)
ANTHROPIC_API: Final = ApiConventions(
    key_header="x-api-key",
    error_body=anthropic_error_body,
    path_prefixes=(b"/v1/messages",),  # token counts and batches as well
    key_follows_teacher=True,
)
GENERIC_HTTP_API: Final = ApiConventions(
    key_header=AUTHORIZATION,
    error_body=openai_error_body,  # generic HTTP defines no error format
    key_follows_teacher=True,
)
KNOWN_APIS: Final = (ANTHROPIC_API, AZURE_OPENAI_API, OPENAI_API)
"""APIs that a path identifies."""
