"""A decision uses one thread, independently of the number of cores."""

import numpy as np
from threadpoolctl import (  # type: ignore[import-untyped] # publishes no types
    threadpool_info,
    threadpool_limits,
)

from support.serving_plane import FirstWord
from tracer_bentos.serving.decision.surrogate_slot import SurrogateSlot


def test_a_loaded_surrogate_computes_on_one_thread() -> None:
    assert np.ones(3) @ np.ones(3) == 3
    with threadpool_limits(limits=2):
        SurrogateSlot("sha256:0").set_surrogate(FirstWord())
        found = {library["num_threads"] for library in threadpool_info()}
    assert found == {1}
