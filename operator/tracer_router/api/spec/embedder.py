"""The sentence encoder that attempts may use: an endpoint, or a user's folder."""

from typing import Annotated, ClassVar

from pydantic import Field

from tracer_router.api.base.model import ApiModel, Effect, Rule
from tracer_router.api.field_types.string_types import Decimals, DnsName, HttpUrl
from tracer_router.api.spec.teacher import SecretKey

__all__ = ["Embedder", "EmbeddingsEndpoint", "OnnxFolder", "Surrogate"]


class EmbeddingsEndpoint(ApiModel):
    """An OpenAI-compatible embeddings endpoint. Redacted texts are sent to it."""

    url: Annotated[HttpUrl, Effect.NOTHING]
    """Base URL, with its /v1."""
    model: Annotated[str, Field(min_length=1, max_length=253), Effect.NOTHING]
    """Its embedding model."""
    api_key: SecretKey | None = None
    """Key sent to it; none when absent."""
    price_per_million_tokens: Annotated[Decimals | None, Effect.NOTHING] = None
    """Price of a million tokens, such as "0.02", in the currency of the teacher's;
    taken off the savings."""


class OnnxFolder(ApiModel):
    """A folder with one .onnx file and its tokenizer.json; bundles carry a copy."""

    claim_name: Annotated[DnsName, Effect.NOTHING]
    """PersistentVolumeClaim of the folder, mounted read-only by training pods alone."""
    sub_path: Annotated[
        str | None,
        Field(max_length=512),
        Rule(
            "self.matches('^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$')"
            " && !self.split('/').exists(part, part == '..' || part == '.')",
            "say a path without a slash at either end, such as models/minilm",
        ),
        Effect.NOTHING,
    ] = None
    """Path of the folder within the volume; all of the volume when absent."""


class Embedder(ApiModel):
    """A sentence encoder, asked where cheaper experts are in doubt."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.endpoint) != has(self.onnx)",
            "say one of endpoint and onnx: name it, or remove the other",
        ),
    )

    endpoint: EmbeddingsEndpoint | None = None
    """An endpoint that training and data-plane pods ask."""
    onnx: OnnxFolder | None = None
    """A folder of yours; nothing leaves the cluster."""


class Surrogate(ApiModel):
    """What surrogates are made of."""

    embedder: Embedder | None = None
    """Sentence encoder that attempts may use beside words and the static one. A change
    is for the next attempt; a revision keeps what it was trained with."""
