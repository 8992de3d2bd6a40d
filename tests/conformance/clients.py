"""Helpers for the tests of all clients: outcomes of scenarios, and who answered."""

import json
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from likeness import plain

__all__ = ["MODES", "Outcome", "SeenResponses", "answered_by_surrogate", "outcome_of"]

MODES = ("through", "surrogate")
"""Routers of the stage that a client cannot distinguish from the teacher."""

_HOPS = {"connection", "keep-alive", "transfer-encoding", "content-length", "date"}


@dataclass
class SeenResponses:
    """Status and headers of the HTTP responses that a client received."""

    responses: list[dict[str, Any]] = field(default_factory=list)

    def record(self, response: Any) -> None:
        """Record a response; a hook of the HTTP client."""
        kept = sorted(
            (name.lower(), value)
            for name, value in response.headers.multi_items()
            if name.lower() not in _HOPS
        )
        self.responses.append({"status": response.status_code, "headers": kept})

    async def arecord(self, response: Any) -> None:
        """Record a response of an asynchronous client."""
        self.record(response)

    @property
    def by_surrogate(self) -> bool:
        """Whether the surrogate sent the last response."""
        headers = dict(self.responses[-1]["headers"])
        return headers.get("x-tracer-decision") == "surrogate"


@dataclass(frozen=True)
class Outcome:
    """The result or the exception of a scenario."""

    result: Any = None
    error: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


def outcome_of(call: Callable[[], Any], errors: type[Exception]) -> Outcome:
    """Run a scenario; return its result or its exception."""
    try:
        return Outcome(plain(call()))
    except errors as error:
        names = (
            "status_code",
            "code",
            "type",
            "param",
            "body",
            "request_id",
            "message",
        )
        details = {name: getattr(error, name, None) for name in names}
        return Outcome(error=type(error).__name__, details=plain(details))


def answered_by_surrogate(stage: Mapping[str, str]) -> int:
    """Return the number of answers of the surrogate so far."""
    with urllib.request.urlopen(stage["evidence"]) as response:  # noqa: S310 - URL of the stage
        return int(json.load(response)["requests"]["surrogate"])
