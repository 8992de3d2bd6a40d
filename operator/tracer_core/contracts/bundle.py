"""The manifest of a bundle: the files of one surrogate and their digests."""

from pydantic import Field

from tracer_core.contracts.document import Document, sha256_digest

__all__ = ["BundleManifest", "GoldenVector"]


class GoldenVector(Document):
    """One input and the exact decision that the trainer computed for it."""

    input: str
    """The text."""
    vector: tuple[float, ...] | None = None
    """Its embedding, where embeddings come with the inputs."""
    label: str
    """The predicted label."""
    score: float
    """The acceptance score; must be equal to the last bit."""
    accepted: bool
    """Whether the certified policy answers it."""


class BundleManifest(Document):
    """What a bundle folder must hold, by digest; `manifest.json` within it."""

    version: int = 2
    """Version of the bundle format."""
    task: str
    """Fingerprint of the task it may answer."""
    redaction: str
    """Identity of the redactor of the texts that it was trained and certified on."""
    files: dict[str, str] = Field(default_factory=dict)
    """File name to ``sha256:HEX``; nothing else may lie in the folder."""

    @property
    def digest(self) -> str:
        """The content address of the bundle: the digest of this manifest."""
        return sha256_digest(self.to_json())
