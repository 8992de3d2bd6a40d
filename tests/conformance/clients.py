"""What the tests of every client share: places to talk to, outcomes, decisions."""

import json
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from likeness import plain

__all__ = ["MODES", "Outcome", "Seen", "answered_by_surrogate", "outcome_of"]

MODES = ("through", "surrogate")
"""Where a client may be without being able to tell."""

_HOPS = {"connection", "keep-alive", "transfer-encoding", "content-length", "date"}


@dataclass
class Seen:
    """What came back below the client: headers of every response."""

    responses: list[dict[str, Any]] = field(default_factory=list)

    def note(self, response: Any) -> None:
        """Note a response; a hook of the HTTP client."""
        kept = sorted(
            (name.lower(), value)
            for name, value in response.headers.multi_items()
            if name.lower() not in _HOPS
        )
        self.responses.append({"status": response.status_code, "headers": kept})

    async def anote(self, response: Any) -> None:
        """Note a response of an asynchronous client."""
        self.note(response)

    @property
    def by_surrogate(self) -> bool:
        """Whether the last answer came from a surrogate."""
        headers = dict(self.responses[-1]["headers"])
        return headers.get("x-tracer-decision") == "surrogate"


@dataclass(frozen=True)
class Outcome:
    """What a scenario gave: a result or an exception."""

    result: Any = None
    error: str | None = None
    about: Mapping[str, Any] = field(default_factory=dict)


def outcome_of(call: Callable[[], Any], errors: type[Exception]) -> Outcome:
    """Run a scenario; an exception of the client's own is an outcome as well."""
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
        about = {name: getattr(error, name, None) for name in names}
        return Outcome(error=type(error).__name__, about=plain(about))


def answered_by_surrogate(stage: Mapping[str, str]) -> int:
    """Give how many answers the surrogate has given so far."""
    with urllib.request.urlopen(stage["evidence"]) as response:  # noqa: S310 - ours
        return int(json.load(response)["requests"]["surrogate"])
