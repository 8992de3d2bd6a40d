"""The context of attempts on one machine: its engine and its encoders."""

from collections.abc import Sequence

from tracer_bentos.surrogate.base.encoder import Encoder
from tracer_bentos.surrogate.encoders.registry import default_encoders
from tracer_bentos.training.engine.engine import ComputeEngine, LocalEngine
from tracer_bentos.training.fit.experts.expert_fitting import build_encoder_spec
from tracer_bentos.training.fit.fit_context import TrainingContext

__all__ = ["local_training_context"]


def local_training_context(
    engine: ComputeEngine | None = None,
    encoders: Sequence[Encoder] = (),
    dimensions: int | None = None,
) -> TrainingContext:
    """Return the training context of one machine.

    Its experts use words, the static embedder, the vectors of the rows, and the
    encoders that the user named.

    Args:
        engine: Computes the pieces; by default threads of this process.
        encoders: Encoders that the user named.
        dimensions: Length of the vectors that come with the rows; none without vectors.

    Raises:
        DocumentError: The folder that the environment names has no static embedder.
    """
    every = (*default_encoders(dimensions), *encoders)
    return TrainingContext(
        engine or LocalEngine(), tuple(map(build_encoder_spec, every))
    )
