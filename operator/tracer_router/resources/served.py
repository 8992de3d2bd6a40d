"""What the pods of one revision are started with."""

from dataclasses import dataclass

from tracer_router.api import Embedder

__all__ = ["Served"]


@dataclass(frozen=True, slots=True)
class Served:
    """The parts of a revision that its data-plane pods need."""

    revision: int
    """Number of the revision."""
    image: str
    """The runtime image."""
    bundle: str | None = None
    """Digest of the bundle; None for a pass-through."""
    bento: str | None = None
    """Digest of the Bento archive that contains the bundle."""
    bento_key: str | None = None
    """Key of the archive in the store."""
    embedder: Embedder | None = None
    """The encoder that the revision was trained with."""
