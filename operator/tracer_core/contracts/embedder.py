"""The sentence encoder that a user names, as an attempt is asked to use it."""

from tracer_core.contracts.document import Document

__all__ = ["NamedEmbedder", "NamedEndpoint"]


class NamedEndpoint(Document):
    """An OpenAI-compatible embeddings endpoint; its key is never part of a request."""

    url: str
    """Base URL, with its /v1."""
    model: str
    """The embedding model."""


class NamedEmbedder(Document):
    """One of two kinds."""

    endpoint: NamedEndpoint | None = None
    """An endpoint that is asked."""
    volume: str | None = None
    """Where an ONNX folder comes from, as ``CLAIM/PATH``; it is mounted in the pod."""
