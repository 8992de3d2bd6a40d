"""Selectors: the part of JSONPath that is needed to select values in a document.

`$` is the whole document, `.name` or `['any name']` a field, `[2]` an item, and `[*]`
every item or field. A selector without `[*]` selects at most one value.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Self

from tracer_core.errors import SpecError

__all__ = ["JsonSelector"]

Step = str | int | None
"""Name of a field, index of an item, or none for all of them."""

_STEP: Final = re.compile(
    r"""\.(?P<name>[A-Za-z_][A-Za-z0-9_-]*)"""
    r"""|\[(?P<item>0|[1-9][0-9]{0,8})\]"""
    r"""|\['(?P<quoted>[^']+)'\]"""
    r"""|\[\*\]"""
)


@dataclass(frozen=True, slots=True)
class JsonSelector:
    """A parsed selector."""

    text: str
    """The selector as it was written."""
    steps: tuple[Step, ...]
    """The steps from the root."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the selector that a text contains.

        Raises:
            SpecError: The text is not a selector.
        """
        steps: list[Step] = []
        position = 1
        while text.startswith("$") and position < len(text):
            found = _STEP.match(text, position)
            if found is None:
                break
            steps.append(_step(found))
            position = found.end()
        if not text.startswith("$") or position != len(text):
            raise SpecError(
                f"{text!r} is not a JSON selector; write it like $.ticket.text"
            )
        return cls(text, tuple(steps))

    @property
    def selects_one_value(self) -> bool:
        """Whether the selector selects at most one value in any document."""
        return None not in self.steps

    def values(self, document: Any) -> list[Any]:
        """Return the selected values, in order."""
        found = [document]
        for step in self.steps:
            found = [child for value in found for child in _children(value, step)]
        return found

    def without(self, document: Any) -> Any:
        """Return a copy of the document in which the selected values are null."""
        return _blanked(document, self.steps)

    def around(self, value: Any) -> Any:
        """Return a document that contains only a value, at the selected place."""
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
        names = value.keys() if step is None else {step}
        return {
            name: _blanked(child, tuple(rest)) if name in names else child
            for name, child in value.items()
        }
    if isinstance(value, list) and not isinstance(step, str):
        return [
            _blanked(child, tuple(rest)) if step in (None, index) else child
            for index, child in enumerate(value)
        ]
    return value


def _padded(step: int | None, value: Any) -> list[Any]:
    return [None] * (step or 0) + [value]
