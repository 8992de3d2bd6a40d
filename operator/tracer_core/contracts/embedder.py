"""The sentence encoder that a user names, in the form of an attempt request."""

from tracer_core.contracts.document import Document

__all__ = ["NamedEmbedder", "NamedEndpoint"]


class NamedEndpoint(Document):
    """An OpenAI-compatible embeddings endpoint; a request never contains its key."""

    url: str
    """Base URL, including /v1."""
    model: str
    """The embedding model."""


class NamedEmbedder(Document):
    """An embeddings endpoint or an ONNX folder."""

    endpoint: NamedEndpoint | None = None
    """The embeddings endpoint."""
    volume: str | None = None
    """Volume of the ONNX folder as ``CLAIM/PATH``; it is mounted into the pod."""
