"""What a surrogate needs to decide: vectors that come along, much time, or money."""

from collections.abc import Iterator

from tracer_bentos.surrogate.base.encoder import Encoder
from tracer_bentos.surrogate.encoders.endpoint import EndpointEncoder
from tracer_bentos.surrogate.encoders.onnx import OnnxEncoder
from tracer_bentos.surrogate.encoders.precomputed import PrecomputedEncoder
from tracer_bentos.surrogate.kernel_ridge import KernelRidge
from tracer_bentos.surrogate.surrogate import Surrogate

__all__ = ["asks_endpoint", "embedding_tokens", "is_costly", "vector_length"]


def vector_length(surrogate: Surrogate) -> int | None:
    """Give the length of the vectors that must come with its inputs, if any must."""
    for encoder in _encoders(surrogate):
        if isinstance(encoder, PrecomputedEncoder):
            return encoder.dimensions
    return None


def is_costly(surrogate: Surrogate) -> bool:
    """Tell whether a decision may take milliseconds: a transformer, an endpoint."""
    slow = (OnnxEncoder, EndpointEncoder)
    return any(isinstance(encoder, slow) for encoder in _encoders(surrogate))


def asks_endpoint(surrogate: Surrogate) -> bool:
    """Tell whether a decision may ask an endpoint."""
    return any(isinstance(each, EndpointEncoder) for each in _encoders(surrogate))


def embedding_tokens(surrogate: Surrogate) -> int:
    """Give the tokens that endpoints have counted for it in this process."""
    encoders = _encoders(surrogate)
    return sum(e.spent.tokens for e in encoders if isinstance(e, EndpointEncoder))


def _encoders(surrogate: Surrogate) -> Iterator[Encoder]:
    for expert in surrogate.experts:
        if isinstance(expert, KernelRidge):
            yield expert.encoder
