"""Encoders that a user names: an ONNX folder, an embeddings endpoint."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tracer_bentos.surrogate.base.encoder import Encoder
from tracer_bentos.surrogate.base.expert import FeatureSample
from tracer_bentos.surrogate.encoders.endpoint import EndpointEncoder
from tracer_bentos.surrogate.encoders.onnx import OnnxEncoder
from tracer_core.contracts.document import sha256_digest
from tracer_core.contracts.embedder import NamedEmbedder
from tracer_core.contracts.runtime import EMBEDDER_FOLDER
from tracer_core.errors import DocumentError, InputError

__all__ = ["NamedEncoder", "open_embedder", "parse_encoder_names"]


@dataclass(frozen=True, slots=True)
class NamedEncoder:
    """Encoders, and what tells them from others."""

    encoders: Sequence[Encoder] = ()
    """The encoders, each tried once."""
    identities: tuple[str, ...] = ()
    """By encoder: the digest of its model, or URL and model."""


def parse_encoder_names(
    folder: Path | None, url: str | None, model: str | None
) -> NamedEncoder:
    """Open the encoders that were named on a command line, and ask each of them once.

    Args:
        folder: Holds an ONNX model and its tokenizer.
        url: Base URL of an OpenAI-compatible endpoint, with its /v1.
        model: The embedding model to ask it for.

    Raises:
        DocumentError: An encoder does not work; says why.
        EmbeddingsError: The endpoint gives no embedding.
        InputError: What was named cannot be one.
    """
    if (url is None) != (model is None):
        raise InputError("an endpoint needs both --embedder-url and --embedder-model")
    encoders: list[Encoder] = []
    identities = []
    if folder is not None:
        sentence = _sentence(folder)
        encoders.append(sentence)
        identities.append(sha256_digest(sentence.model + sentence.tokenizer_json))
    if url is not None and model is not None:
        encoders.append(_endpoint(url, model))
        identities.append(f"{url} {model}")
    return NamedEncoder(_tried(encoders), tuple(identities))


def open_embedder(
    named: NamedEmbedder | None, folder: Path | None
) -> tuple[Encoder, ...]:
    """Open the encoder that an attempt is asked to use, and ask it once.

    Args:
        named: The encoder; none when none is named.
        folder: Where its volume is mounted, if it has one.

    Raises:
        DocumentError: The encoder does not work; says why.
        EmbeddingsError: The endpoint gives no embedding.
        InputError: The volume holds no encoder, or none is mounted.
    """
    if named is None:
        return ()
    if named.endpoint is not None:
        return _tried([_endpoint(named.endpoint.url, named.endpoint.model)])
    if folder is None:
        raise InputError(f"no folder of {named.volume} is mounted: {EMBEDDER_FOLDER}")
    try:
        return _tried([_sentence(folder)])
    except (DocumentError, InputError) as error:
        raise InputError(f"volume {named.volume}: {error}") from error


def _tried(encoders: Sequence[Encoder]) -> tuple[Encoder, ...]:
    """Ask each of them: a fault shall show before an attempt is spent."""
    for encoder in encoders:
        if isinstance(encoder, EndpointEncoder):
            encoder.try_once()
        else:
            encoder.encode(FeatureSample("hello"))
    return tuple(encoders)


def _sentence(folder: Path) -> OnnxEncoder:
    try:
        return OnnxEncoder.from_folder(folder)
    except (DocumentError, OSError) as error:
        raise InputError(str(error)) from error


def _endpoint(url: str, model: str) -> EndpointEncoder:
    if urlsplit(url).scheme not in {"http", "https"}:
        raise InputError(f"--embedder-url {url}: say http://HOST/v1 or https://HOST/v1")
    return EndpointEncoder(url, model, patient=True)
