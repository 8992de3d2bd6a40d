"""Templates: what of a text is the same in every request, and what varies.

Dates, clock times and ids vary by nature and are never part of what defines a question.
What else varies (names, retrieved passages) only a comparison of requests can tell.
"""

import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, Self

from tracer_core.contracts.document import sha256_digest

__all__ = ["Instruction", "Template", "TemplateCache"]

_MONTH = (
    "(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    "|Sep(?:tember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
)
_DAY = "(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?"
_DATE = (
    rf"(?:(?:{_DAY},?\s)?(?:\d{{1,2}}(?:st|nd|rd|th)?\s{_MONTH}|{_MONTH}\s\d{{1,2}}"
    r"(?:st|nd|rd|th)?),?\s\d{4}"
    r"|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})"
)
_CLOCK = r"\d{1,2}:\d{2}:\d{2}(?:[.,]\d{1,9})?(?:\s?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?"
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_ID = r"(?=[a-f]{0,64}\d)(?=\d{0,64}[a-f])[0-9a-f]{16,64}|\d{9,32}"

_VOLATILE: Final = re.compile(
    rf"(?<![\w-])(?:{_DATE}(?:(?:T|,?\s(?:at\s)?){_CLOCK})?|{_CLOCK}|{_UUID}|{_ID})"
    r"(?![\w-])"
)
_NOISE: Final = re.compile(rf"(?:T|,?\s(?:at\s)?)?{_CLOCK}|{_UUID}|{_ID}")
"""What never comes twice says nothing to a classifier."""


@dataclass(frozen=True, slots=True)
class Template:
    """The fixed pieces of a text; whatever stands between two of them varies."""

    literals: tuple[str, ...]
    """The first begins the text and the last ends it; one alone is all of it."""

    @classmethod
    def from_texts(cls, *literals: str) -> Self:
        """Give the template of pieces of text: all of them but dates, times and ids."""
        return cls(tuple(each for text in literals for each in _VOLATILE.split(text)))

    @property
    def digest(self) -> str:
        """Its content address."""
        return sha256_digest("\0".join(self.literals).encode())

    @property
    def size(self) -> int:
        """Characters that are fixed."""
        return sum(map(len, self.literals))

    def match(self, text: str) -> tuple[str, ...] | None:
        """Give what varies; none when the text is not of this template."""
        first, last = self.literals[0], self.literals[-1]
        if len(self.literals) == 1:
            return () if text == first else None
        place, end = len(first), len(text) - len(last)
        if place > end or not text.startswith(first) or not text.endswith(last):
            return None
        found = []
        for literal in self.literals[1:-1]:
            where = text.find(literal, place, end)
            if where < 0:
                return None
            found.append(text[place:where])
            place = where + len(literal)
        return (*found, text[place:end])

    @staticmethod
    def describe(values: tuple[str, ...]) -> str:
        """Give what varies as a part of the input, without what never comes twice."""
        kept = (_NOISE.sub("", value).strip() for value in values)
        return "\n".join(value for value in kept if value)


@dataclass(frozen=True, slots=True)
class Instruction:
    """A text that defines a question, as it is without any comparison."""

    template: Template
    """All of it but dates, times and ids."""
    digest: str
    """Digest of the template."""
    said: str
    """What of it belongs to the input."""


class TemplateCache:
    """Remembers instructions: most requests repeat the same ones."""

    def __init__(self, characters: int = 4_000_000) -> None:
        self._left = characters
        self._known: OrderedDict[str, Instruction] = OrderedDict()

    def get(self, text: str) -> Instruction:
        """Give a text that defines a question."""
        known = self._known.get(text)
        if known is None:
            known = self._remember(text)
        self._known.move_to_end(text)
        return known

    def _remember(self, text: str) -> Instruction:
        template = Template.from_texts(text)
        said = Template.describe(template.match(text) or ())
        self._known[text] = Instruction(template, template.digest, said)
        self._left -= len(text)
        while self._left < 0 and len(self._known) > 1:
            forgotten, _ = self._known.popitem(last=False)
            self._left += len(forgotten)
        return self._known[text]
