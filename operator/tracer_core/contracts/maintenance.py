"""What the upkeep of a trace store writes: replacements and wishes to be forgotten."""

from datetime import datetime

from tracer_core.contracts.document import Document

__all__ = ["Erasure", "Replacement"]


class Replacement(Document):
    """Says that one segment holds what others held; true once that segment exists.

    Written before the segment, so that its appearance is the one step that counts:
    whoever reads the store sees either the old segments or the new one, never both.
    """

    version: int = 1
    """Version of this format."""
    output: str
    """Key of the new segment."""
    inputs: tuple[str, ...]
    """Keys of the segments that it stands for; deleted later."""
    made: datetime
    """When this was written."""


class Erasure(Document):
    """A wish to be forgotten; it stays, for traces that come to the store later."""

    version: int = 1
    """Version of this format."""
    sessions: tuple[str, ...] = ()
    """Keyed hashes of sessions, as they stand in traces."""
    ids: tuple[str, ...] = ()
    """Ids of requests."""
    asked: datetime
    """When it was asked."""
