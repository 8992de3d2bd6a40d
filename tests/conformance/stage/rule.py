"""What the stub teacher answers, from the last text that it was asked.

`say X` is answered by X, `call NAME JSON` by a tool call (several on further lines),
`fail STATUS` by an error; anything else by its first word in lower case.
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
    """Give the answer to a text."""
    last = text.rsplit("user: ", 1)[-1]
    match last.split(maxsplit=1):
        case ["say", said]:
            return Reply(said)
        case ["fail", how]:
            return Reply(failure=how)
        case ["call", _]:
            return Reply(calls=tuple(_call(line) for line in last.splitlines()))
        case [word, *_]:
            return Reply(word.lower())
        case _:
            return Reply("nothing")


def _call(line: str) -> tuple[str, dict[str, Any]]:
    _, name, arguments = line.split(maxsplit=2)
    return name, json.loads(arguments)
