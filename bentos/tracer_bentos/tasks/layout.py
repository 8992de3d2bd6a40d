"""Layouts: the fixed texts of a task, and the places in which they vary."""

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
    "segment_key",
]

Literals = dict[str, tuple[str, ...]]
"""The fixed parts of texts, by position of the text segment."""


class CandidateTemplate(Document):
    """A template of instructions that vary; write-once, numbered in order."""

    version: int = 1
    """Version of this format."""
    frame: str
    """Digest of everything else that defines the task."""
    instructions: Literals
    """The fixed parts of the instructions."""


class FrozenTemplate(Document):
    """The templates of the input below fixed instructions; write-once."""

    version: int = 1
    """Version of this format."""
    task: str
    """Fingerprint of the task without any of these templates."""
    asked: tuple[Literals, ...] = ()
    """The fixed parts of the input, one entry for each template; empty if all of the
    input varies."""


@dataclass(frozen=True, slots=True)
class MessageLayout:
    """The templates of several text segments."""

    templates: Mapping[str, Template]
    """Templates by position of the segment."""
    key: str
    """The key of the templates in a fingerprint."""

    @classmethod
    def from_literals(cls, literals: Literals) -> Self:
        """Return the layout of a document in the store."""
        templates = {position: Template(fixed) for position, fixed in literals.items()}
        keys = [
            segment_key(position, template.digest)
            for position, template in templates.items()
        ]
        return cls(templates, "\n".join(keys))

    def match(self, segments: Sequence[TextSegment]) -> list[str] | None:
        """Return the variable text of each segment; none if a template does not match.

        Args:
            segments: The text segments.
        """
        variable: list[str] = []
        for segment in segments:
            template = self.templates.get(segment.position)
            values = template.match(segment.text) if template else None
            if values is None:
                return None
            variable.append(Template.describe(values))
        return variable


def segment_key(position: str, digest: str = "*") -> str:
    """Return the key of a text segment in a fingerprint; `*` if all of it varies."""
    return f"{position} {digest}"
