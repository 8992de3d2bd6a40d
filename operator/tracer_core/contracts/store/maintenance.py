"""Documents of store maintenance: replacements of segments and erasure requests."""

from datetime import datetime

from tracer_core.contracts.document import Document

__all__ = ["Erasure", "Replacement"]


class Replacement(Document):
    """States that one segment replaces others, as soon as that segment exists.

    It is written before the segment, so that the creation of the segment is the atomic
    step: a reader uses either the old segments or the new one, never both.
    """

    version: int = 1
    """Version of this format."""
    output: str
    """Key of the new segment."""
    inputs: tuple[str, ...]
    """Keys of the replaced segments, which are deleted later."""
    made: datetime
    """Time at which this document was written."""


class Erasure(Document):
    """A request to erase traces; it also applies to traces that are uploaded later."""

    version: int = 1
    """Version of this format."""
    sessions: tuple[str, ...] = ()
    """Keyed hashes of sessions, as in traces."""
    ids: tuple[str, ...] = ()
    """IDs of requests."""
    asked: datetime
    """Time of the request."""
