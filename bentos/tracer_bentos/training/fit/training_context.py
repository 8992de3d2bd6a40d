"""What attempts are made with: this machine and the encoders that are at hand."""

from collections.abc import Sequence

from tracer_bentos.surrogate.base.encoder import Encoder
from tracer_bentos.surrogate.encoders.precomputed import GivenEncoder
from tracer_bentos.surrogate.encoders.static import find_static_encoder
from tracer_bentos.training.engine.engine import Engine, LocalEngine
from tracer_bentos.training.fit.experts.expert_fitting import (
    View,
    cheap_view,
    costly_view,
    given_view,
)
from tracer_bentos.training.fit.fit_context import Means

__all__ = ["local_means"]


def local_means(
    engine: Engine | None = None,
    costly: Sequence[Encoder] = (),
    dimensions: int | None = None,
) -> Means:
    """Give the means of one machine: words, the static embedder, and what is named.

    Args:
        engine: Where pieces are computed; threads of this process when none is named.
        costly: Encoders that the user named.
        dimensions: Length of the vectors that come with the rows, if any do.
    """
    static = find_static_encoder()
    views: list[View] = [] if static is None else [cheap_view(static)]
    if dimensions:
        views.append(given_view(GivenEncoder(dimensions)))
    return Means(engine or LocalEngine(), (*views, *map(costly_view, costly)))
