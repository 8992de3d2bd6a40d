"""From an input to an embedding, and the files that a bundle keeps of it."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.surrogate.base.expert import FeatureSample

__all__ = ["Encoder"]


class Encoder(Protocol):
    """Gives embeddings; the same input always has the same one."""

    @property
    def kind(self) -> str:
        """Name of the way it works, as bundles record it."""

    @property
    def settings(self) -> Mapping[str, str]:
        """What is needed beside the files to make it anew."""

    def encode(self, sample: FeatureSample) -> NDArray[np.float32]:
        """Give the embedding of one input."""

    def files(self) -> Mapping[str, bytes]:
        """Give what a bundle must hold of it, by file name."""
