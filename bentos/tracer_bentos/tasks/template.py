"""Templates: the fixed parts of a text, and the parts that vary between requests.

Dates, clock times, and ids always vary and are never part of the definition of a task.
Only a comparison of requests finds other parts that vary, such as names and retrieved
passages.
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
"""Parts that do not repeat, so a classifier cannot learn from them."""


@dataclass(frozen=True, slots=True)
class Template:
    """The fixed parts of a text; everything between two of them varies."""

    literals: tuple[str, ...]
    """The text begins with the first and ends with the last; a single part is the
    complete text."""

    @classmethod
    def from_texts(cls, *literals: str) -> Self:
        """Return the template with these fixed parts, without dates, times, and ids."""
        return cls(tuple(part for text in literals for part in _VOLATILE.split(text)))

    @property
    def digest(self) -> str:
        """Content address of the template."""
        return sha256_digest("\0".join(self.literals).encode())

    @property
    def size(self) -> int:
        """Number of fixed characters."""
        return sum(map(len, self.literals))

    def match(self, text: str) -> tuple[str, ...] | None:
        """Return the variable parts; none if the text does not match the template."""
        first, last = self.literals[0], self.literals[-1]
        if len(self.literals) == 1:
            return () if text == first else None
        position, end = len(first), len(text) - len(last)
        if position > end or not text.startswith(first) or not text.endswith(last):
            return None
        variable = []
        for literal in self.literals[1:-1]:
            start = text.find(literal, position, end)
            if start < 0:
                return None
            variable.append(text[position:start])
            position = start + len(literal)
        return (*variable, text[position:end])

    @staticmethod
    def describe(values: tuple[str, ...]) -> str:
        """Return the variable parts as input, without times and ids."""
        kept = (_NOISE.sub("", value).strip() for value in values)
        return "\n".join(value for value in kept if value)


@dataclass(frozen=True, slots=True)
class Instruction:
    """A text that defines a task, without a comparison with other requests."""

    template: Template
    """The text without dates, times, and ids."""
    digest: str
    """Digest of the template."""
    variable_text: str
    """The part of the text that belongs to the input."""


class TemplateCache:
    """Caches instructions, because most requests repeat the same instructions.

    Args:
        characters: Maximum size of all texts; the least recently used are removed.
    """

    def __init__(self, characters: int = 4_000_000) -> None:
        self._free_characters = characters
        self._known: OrderedDict[str, Instruction] = OrderedDict()

    def get(self, text: str) -> Instruction:
        """Return the instruction for a text."""
        known = self._known.get(text)
        if known is None:
            known = self._add(text)
        self._known.move_to_end(text)
        return known

    def _add(self, text: str) -> Instruction:
        template = Template.from_texts(text)
        variable_text = Template.describe(template.match(text) or ())
        self._known[text] = Instruction(template, template.digest, variable_text)
        self._free_characters -= len(text)
        while self._free_characters < 0 and len(self._known) > 1:
            removed, _ = self._known.popitem(last=False)
            self._free_characters += len(removed)
        return self._known[text]
