"""The manifest of a bundle: the files of one surrogate and their digests."""

from pydantic import Field

from tracer_core.contracts.document import Document, sha256_digest

__all__ = ["BundleManifest", "GoldenVector"]


class GoldenVector(Document):
    """One input and the exact decision that training computed for it."""

    input: str
    """The input text."""
    vector: tuple[float, ...] | None = None
    """Embedding of the input, if embeddings are given with the inputs."""
    label: str
    """The predicted label."""
    score: float
    """The acceptance score; must be equal bit by bit."""
    accepted: bool
    """Whether the certified policy answers the input."""


class BundleManifest(Document):
    """Digests of all files of a bundle; stored as `manifest.json` in its folder."""

    version: int = 2
    """Version of the bundle format."""
    task: str
    """Fingerprint of the only task that the surrogate can answer."""
    redaction: str
    """Identity of the redactor of the training and certification texts."""
    files: dict[str, str] = Field(default_factory=dict)
    """Digest as ``sha256:HEX`` by file name; the folder must contain no other file."""

    @property
    def digest(self) -> str:
        """The content address of the bundle: the digest of this manifest."""
        return sha256_digest(self.to_json())
