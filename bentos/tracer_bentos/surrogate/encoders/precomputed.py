"""Embeddings that come with the inputs, made by whoever made the traces."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.surrogate.base.expert import FeatureSample
from tracer_core.errors import DocumentError

__all__ = ["PrecomputedEncoder"]


@dataclass(frozen=True, slots=True)
class PrecomputedEncoder:
    """Takes the vector of the input as it is."""

    dimensions: int
    """How long a vector is."""

    kind = "given"

    @property
    def settings(self) -> Mapping[str, str]:
        """What is needed to make it anew."""
        return {"dimensions": str(self.dimensions)}

    def encode(self, sample: FeatureSample) -> NDArray[np.float32]:
        """Give the vector of an input.

        Raises:
            DocumentError: The input comes without one, or with one of another length.
        """
        if sample.vector is None or sample.vector.shape != (self.dimensions,):
            raise DocumentError(
                f"an input without its vector of {self.dimensions} numbers: this bundle"
                " was trained on vectors that come with the inputs; name them with"
                " --vectors"
            )
        return np.asarray(sample.vector, np.float32)

    def files(self) -> Mapping[str, bytes]:
        """Give nothing: there is nothing to keep."""
        return {}
