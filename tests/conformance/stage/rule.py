"""The rule of the stub teacher: the answer to the last text of a request.

The answer to `say X` is X, to `call NAME JSON` a tool call (several with several
lines), and to `fail STATUS` an error. The answer to any other text is its first word in
lower case.
"""

import json
from dataclasses import dataclass
from typing import Any

__all__ = ["Reply", "reply_to"]


@dataclass(frozen=True)
class Reply:
    """One answer of the teacher."""

    text: str | None = None
    calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    failure: str | None = None


def reply_to(text: str) -> Reply:
    """Return the answer to a text."""
    last = text.rsplit("user: ", 1)[-1]
    match last.split(maxsplit=1):
        case ["say", content]:
            return Reply(content)
        case ["fail", failure]:
            return Reply(failure=failure)
        case ["call", _]:
            return Reply(calls=tuple(_call(line) for line in last.splitlines()))
        case [word, *_]:
            return Reply(word.lower())
        case _:
            return Reply("nothing")


def _call(line: str) -> tuple[str, dict[str, Any]]:
    _, name, arguments = line.split(maxsplit=2)
    return name, json.loads(arguments)
