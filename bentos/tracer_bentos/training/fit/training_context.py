"""What attempts are made with: this machine and the encoders that are at hand."""

from collections.abc import Sequence

from tracer_bentos.surrogate.base.encoder import Encoder
from tracer_bentos.surrogate.encoders.precomputed import PrecomputedEncoder
from tracer_bentos.surrogate.encoders.static import find_static_encoder
from tracer_bentos.training.engine.engine import ComputeEngine, LocalEngine
from tracer_bentos.training.fit.experts.expert_fitting import (
    EncoderSpec,
    costly_encoder_spec,
    precomputed_encoder_spec,
    static_encoder_spec,
)
from tracer_bentos.training.fit.fit_context import TrainingContext

__all__ = ["local_training_context"]


def local_training_context(
    engine: ComputeEngine | None = None,
    costly: Sequence[Encoder] = (),
    dimensions: int | None = None,
) -> TrainingContext:
    """Give the means of one machine: words, the static embedder, and what is named.

    Args:
        engine: Where pieces are computed; threads of this process when none is named.
        costly: Encoders that the user named.
        dimensions: Length of the vectors that come with the rows, if any do.
    """
    static = find_static_encoder()
    views: list[EncoderSpec] = [] if static is None else [static_encoder_spec(static)]
    if dimensions:
        views.append(precomputed_encoder_spec(PrecomputedEncoder(dimensions)))
    return TrainingContext(
        engine or LocalEngine(), (*views, *map(costly_encoder_spec, costly))
    )
