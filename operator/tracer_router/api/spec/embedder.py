"""The `surrogate` section: the sentence encoder that an attempt can use."""

from typing import Annotated, ClassVar

from pydantic import Field

from tracer_router.api.base.model import ApiModel, Effect, Rule
from tracer_router.api.field_types.string_types import Decimals, DnsName, HttpUrl
from tracer_router.api.spec.teacher import SecretKey

__all__ = ["Embedder", "EmbeddingsEndpoint", "OnnxFolder", "SurrogateModels"]


class EmbeddingsEndpoint(ApiModel):
    """An embeddings endpoint with the OpenAI protocol.

    The pods send redacted texts to it.
    """

    url: Annotated[HttpUrl, Effect.NOTHING]
    """Base URL of the endpoint including its `/v1`, for example
    `https://api.openai.com/v1`. The pods call `/embeddings` below this URL."""
    model: Annotated[str, Field(min_length=1, max_length=253), Effect.NOTHING]
    """Name of the embedding model, for example `text-embedding-3-small`."""
    api_key: SecretKey | None = None
    """Key that the pods send to the endpoint. If not set, no key is sent."""
    price_per_million_tokens: Annotated[Decimals | None, Effect.NOTHING] = None
    """Price of one million tokens, as a decimal number in quotes, for example "0.02",
    in the currency of `spec.teacher.prices`. The cost is subtracted from the savings.
    If not set, the cost of embeddings is not counted."""


class OnnxFolder(ApiModel):
    """A folder with one `.onnx` file and its `tokenizer.json`.

    The bundle of a revision contains a copy of both files.
    """

    claim_name: Annotated[DnsName, Effect.NOTHING]
    """Name of the PersistentVolumeClaim that contains the folder. Only training pods
    mount it, read-only."""
    sub_path: Annotated[
        str | None,
        Field(max_length=512),
        Rule(
            "self.matches('^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$')"
            " && !self.split('/').exists(part, part == '..' || part == '.')",
            "must be a relative path without '.' and '..' and without a slash at either"
            " end, for example models/minilm",
        ),
        Effect.NOTHING,
    ] = None
    """Path of the folder within the volume, for example `models/minilm`. If not set,
    the root of the volume is used."""


class Embedder(ApiModel):
    """A sentence encoder for inputs for which cheaper models are uncertain."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.endpoint) != has(self.onnx)",
            "exactly one of endpoint and onnx must be set; set one and remove the"
            " other, for example onnx.claimName: encoders",
        ),
    )

    endpoint: EmbeddingsEndpoint | None = None
    """An embeddings endpoint that training pods and data-plane pods call. Exactly one
    of `endpoint` and `onnx` must be set."""
    onnx: OnnxFolder | None = None
    """An encoder in a volume of the cluster. No texts leave the cluster. Exactly one of
    `endpoint` and `onnx` must be set."""

    @property
    def folder(self) -> OnnxFolder | None:
        """Folder of the encoder, for each kind of encoder with files in a volume."""
        return self.onnx


class SurrogateModels(ApiModel):
    """Models that a surrogate can use."""

    embedder: Embedder | None = None
    """Sentence encoder that an attempt can use in addition to words and the static
    embedder. A change applies to the next attempt; a revision keeps the encoder that it
    was trained with. If not set, no sentence encoder is used."""
