"""All kinds of encoders: those of a bundle, those always tried, those a user names.

This is the only module that lists the encoders. A new encoder is added here.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from tracer_bentos.surrogate.base.encoder import Encoder
from tracer_bentos.surrogate.encoders.endpoint import EndpointEncoder
from tracer_bentos.surrogate.encoders.onnx import OnnxEncoder
from tracer_bentos.surrogate.encoders.precomputed import PrecomputedEncoder
from tracer_bentos.surrogate.encoders.static import (
    StaticTokenEncoder,
    find_static_encoder,
)
from tracer_core.contracts.embedder import NamedEmbedder
from tracer_core.errors import DocumentError

__all__ = ["build_encoder", "default_encoders", "open_encoder"]

Files = Mapping[str, bytes]
Settings = Mapping[str, str]

_BUILDERS: Mapping[str, Callable[[Files, Settings], Encoder]] = {
    StaticTokenEncoder.kind: lambda files, _: StaticTokenEncoder.from_files(files),
    OnnxEncoder.kind: lambda files, _: OnnxEncoder.from_files(files),
    PrecomputedEncoder.kind: lambda _, settings: PrecomputedEncoder(
        int(settings["dimensions"])
    ),
    EndpointEncoder.kind: lambda _, settings: EndpointEncoder(
        settings["url"], settings["model"]
    ),
}


def build_encoder(kind: str, files: Files, settings: Settings) -> Encoder:
    """Return the encoder that a bundle records.

    Raises:
        DocumentError: The kind is unknown, or a file or a setting is missing.
    """
    try:
        return _BUILDERS[kind](files, settings)
    except (LookupError, ValueError) as error:
        raise DocumentError(
            f"cannot build the encoder {kind!r} of the bundle: {error}; use the version"
            " of the runtime that wrote the bundle"
        ) from error


def default_encoders(vector_length: int | None = None) -> tuple[Encoder, ...]:
    """Return the encoders that every attempt tries.

    Args:
        vector_length: Length of the vectors that come with the rows; none without
            vectors.

    Raises:
        DocumentError: The folder that the environment names has no static embedder.
    """
    static = find_static_encoder()
    encoders: list[Encoder] = [] if static is None else [static]
    if vector_length:
        encoders.append(PrecomputedEncoder(vector_length))
    return tuple(encoders)


def open_encoder(named: NamedEmbedder, folder: Path | None) -> Encoder:
    """Return the encoder that a user names, for training.

    Args:
        named: The encoder: an endpoint, or else the files in the folder.
        folder: Folder of the files, or where the named volume is mounted.

    Raises:
        DocumentError: There is no folder, or it contains no encoder.
        OSError: The files of the folder are unreadable.
    """
    if named.endpoint is not None:
        return EndpointEncoder(named.endpoint.url, named.endpoint.model, retries=True)
    if folder is None:
        raise DocumentError("no folder with the files of the encoder")
    return OnnxEncoder.from_folder(folder)
