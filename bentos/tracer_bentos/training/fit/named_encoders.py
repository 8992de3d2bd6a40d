"""Encoders that a user names: an ONNX folder or an embeddings endpoint."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tracer_bentos.surrogate.base.encoder import Encoder
from tracer_bentos.surrogate.encoders.registry import open_encoder
from tracer_core.contracts.document import sha256_digest
from tracer_core.contracts.embedder import NamedEmbedder, NamedEndpoint
from tracer_core.errors import DocumentError, InputError

__all__ = ["NamedEncoder", "open_embedder", "parse_encoder_names"]


@dataclass(frozen=True, slots=True)
class NamedEncoder:
    """Encoders and their identities."""

    encoders: Sequence[Encoder] = ()
    """The encoders; each has computed one embedding."""
    identities: tuple[str, ...] = ()
    """By encoder: the digest of its files, or its settings."""


def parse_encoder_names(
    folder: Path | None, url: str | None, model: str | None
) -> NamedEncoder:
    """Open the encoders that a command line names, and check each of them.

    Args:
        folder: Contains an ONNX model and its tokenizer.
        url: Base URL of an OpenAI-compatible endpoint, including its /v1.
        model: The embedding model of the endpoint.

    Raises:
        DocumentError: An encoder is unusable; states the cause.
        EmbeddingsError: The endpoint returned no embedding.
        InputError: A name cannot be that of an encoder.
    """
    if (url is None) != (model is None):
        raise InputError(
            "an endpoint requires both --embedder-url and --embedder-model"
        )
    named = []
    if folder is not None:
        named.append(NamedEmbedder(volume=str(folder)))
    if url is not None and model is not None:
        if urlsplit(url).scheme not in {"http", "https"}:
            raise InputError(
                f"--embedder-url {url}: must be an http or https URL, for example"
                " https://HOST/v1"
            )
        named.append(NamedEmbedder(endpoint=NamedEndpoint(url=url, model=model)))
    encoders = [_open(embedder, folder) for embedder in named]
    _check(encoders)
    return NamedEncoder(encoders, tuple(map(_identity, encoders)))


def open_embedder(
    named: NamedEmbedder | None, folder: Path | None
) -> tuple[Encoder, ...]:
    """Open the encoder that the request of an attempt names, and check it.

    Args:
        named: The encoder; none if the request names none.
        folder: Folder where the volume of the encoder is mounted, if it has one.

    Raises:
        DocumentError: The encoder is unusable; states the cause.
        EmbeddingsError: The endpoint returned no embedding.
        InputError: The volume contains no encoder, or is not mounted.
    """
    if named is None:
        return ()
    if named.volume is None:
        return _check([_open(named, folder)])
    if folder is None:
        raise InputError(f"volume {named.volume} is not mounted; set embedder.folder")
    try:
        return _check([_open(named, folder)])
    except (DocumentError, InputError) as error:
        raise InputError(f"volume {named.volume}: {error}") from error


def _open(named: NamedEmbedder, folder: Path | None) -> Encoder:
    try:
        return open_encoder(named, folder)
    except (DocumentError, OSError) as error:
        raise InputError(str(error)) from error


def _check(encoders: Sequence[Encoder]) -> tuple[Encoder, ...]:
    """Check encoders, so that a fault shows before an attempt is used."""
    for encoder in encoders:
        encoder.check()
    return tuple(encoders)


def _identity(encoder: Encoder) -> str:
    # Part of the identity of an offline attempt: the order of files and settings
    # matters, because the same encoder must have the same identity in each version.
    files, settings = encoder.files(), encoder.settings
    digest = [sha256_digest(b"".join(files.values()))] if files else []
    return " ".join([*digest, *settings.values()])
