"""Layouts: which texts of a task are fixed, and where they vary."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from tracer_bentos.protocols.adapter import TextSegment
from tracer_bentos.tasks.template import Template
from tracer_core.contracts.document import Document

__all__ = [
    "CandidateTemplate",
    "FrozenTemplate",
    "Literals",
    "MessageLayout",
    "passage_key",
]

Literals = dict[str, tuple[str, ...]]
"""The fixed pieces of texts, by passage."""


class CandidateTemplate(Document):
    """Instructions that vary, as they were found; write-once, in order."""

    version: int = 1
    """Version of this format."""
    frame: str
    """Digest of everything else that defines the question."""
    instructions: Literals
    """The fixed pieces of the instructions."""


class FrozenTemplate(Document):
    """What is asked below fixed instructions; write-once: it never changes again."""

    version: int = 1
    """Version of this format."""
    task: str
    """Fingerprint of the task as it is without any of these."""
    asked: tuple[Literals, ...] = ()
    """The fixed pieces of what is asked, by kind; none: it all varies."""


@dataclass(frozen=True, slots=True)
class MessageLayout:
    """Templates of texts, by passage."""

    templates: Mapping[str, Template]
    """One for each text."""
    key: str
    """What stands for them in a fingerprint."""

    @classmethod
    def from_segments(cls, literals: Literals) -> Self:
        """Give the layout that a document of the store describes."""
        templates = {where: Template(each) for where, each in literals.items()}
        keys = [passage_key(where, each.digest) for where, each in templates.items()]
        return cls(templates, "\n".join(keys))

    def match(self, passages: Sequence[TextSegment]) -> list[str] | None:
        """Give what varies in each passage; none when one is of another template."""
        found: list[str] = []
        for passage in passages:
            template = self.templates.get(passage.where)
            values = template.match(passage.text) if template else None
            if values is None:
                return None
            found.append(Template.describe(values))
        return found


def passage_key(where: str, digest: str = "*") -> str:
    """Give what stands for one text in a fingerprint; a star when it all varies."""
    return f"{where} {digest}"
