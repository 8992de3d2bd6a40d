"""Selectors: a small part of JSONPath, enough to point into a JSON document.

`$` is the whole document, `.name` or `['any name']` a field, `[2]` an item, and `[*]`
every item or field. A path without `[*]` points at one place at most.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Self

from tracer_core.errors import SpecError

__all__ = ["JsonSelector"]

Step = str | int | None
"""A field, an item, or none for all of them."""

_STEP: Final = re.compile(
    r"""\.(?P<name>[A-Za-z_][A-Za-z0-9_-]*)"""
    r"""|\[(?P<item>0|[1-9][0-9]{0,8})\]"""
    r"""|\['(?P<quoted>[^']+)'\]"""
    r"""|\[\*\]"""
)


@dataclass(frozen=True, slots=True)
class JsonSelector:
    """Where to look in a document."""

    text: str
    """As it was written."""
    steps: tuple[Step, ...]
    """The way from the root."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a selector.

        Raises:
            SpecError: It is none; says what one looks like.
        """
        steps: list[Step] = []
        place = 1
        while text.startswith("$") and place < len(text):
            found = _STEP.match(text, place)
            if found is None:
                break
            steps.append(_step(found))
            place = found.end()
        if not text.startswith("$") or place != len(text):
            raise SpecError(f"{text!r} is no selector: write it like $.ticket.text")
        return cls(text, tuple(steps))

    @property
    def is_one_place(self) -> bool:
        """Whether it points at one place at most."""
        return None not in self.steps

    def values(self, document: Any) -> list[Any]:
        """Give what it points at, in order."""
        found = [document]
        for step in self.steps:
            found = [value for each in found for value in _children(each, step)]
        return found

    def without(self, document: Any) -> Any:
        """Give a copy of the document in which what it points at is null."""
        return _blanked(document, self.steps)

    def around(self, value: Any) -> Any:
        """Give a document that holds a value there, and nothing else."""
        for step in reversed(self.steps):
            value = {step: value} if isinstance(step, str) else _padded(step, value)
        return value


def _step(found: re.Match[str]) -> Step:
    if found["item"] is not None:
        return int(found["item"])
    return found["name"] or found["quoted"]


def _children(value: Any, step: Step) -> Iterator[Any]:
    if isinstance(value, dict) and not isinstance(step, int):
        yield from value.values() if step is None else _present(value, step)
    elif isinstance(value, list) and not isinstance(step, str):
        yield from value if step is None else value[step : step + 1]


def _present(value: dict[str, Any], step: str) -> Iterator[Any]:
    if step in value:
        yield value[step]


def _blanked(value: Any, steps: tuple[Step, ...]) -> Any:
    if not steps:
        return None
    step, *rest = steps
    if isinstance(value, dict) and not isinstance(step, int):
        hit = value.keys() if step is None else {step}
        return {
            name: _blanked(each, tuple(rest)) if name in hit else each
            for name, each in value.items()
        }
    if isinstance(value, list) and not isinstance(step, str):
        return [
            _blanked(each, tuple(rest)) if step in (None, place) else each
            for place, each in enumerate(value)
        ]
    return value


def _padded(step: int | None, value: Any) -> list[Any]:
    return [None] * (step or 0) + [value]
