"""Every kind of encoder, and the way back from a bundle's files."""

from collections.abc import Callable, Mapping

from tracer_bentos.surrogate.base.encoder import Encoder
from tracer_bentos.surrogate.encoders.endpoint import EndpointEncoder
from tracer_bentos.surrogate.encoders.onnx import OnnxEncoder
from tracer_bentos.surrogate.encoders.precomputed import PrecomputedEncoder
from tracer_bentos.surrogate.encoders.static import StaticTokenEncoder
from tracer_core.errors import DocumentError

__all__ = ["build_encoder"]

Files = Mapping[str, bytes]
Settings = Mapping[str, str]

_KINDS: Mapping[str, Callable[[Files, Settings], Encoder]] = {
    StaticTokenEncoder.kind: lambda files, _: StaticTokenEncoder.from_files(files),
    OnnxEncoder.kind: lambda files, _: OnnxEncoder.from_files(files),
    PrecomputedEncoder.kind: lambda _, said: PrecomputedEncoder(
        int(said["dimensions"])
    ),
    EndpointEncoder.kind: lambda _, said: EndpointEncoder(said["url"], said["model"]),
}


def build_encoder(kind: str, files: Files, settings: Settings) -> Encoder:
    """Make an encoder from what a bundle keeps of it.

    Raises:
        DocumentError: The kind is unknown, or something that it needs is missing.
    """
    try:
        return _KINDS[kind](files, settings)
    except (LookupError, ValueError) as error:
        raise DocumentError(
            f"the bundle's encoder {kind!r} cannot be made: {error}: use the runtime"
            " that the bundle was made with"
        ) from error
