"""Embeddings that come with the inputs, computed by the producer of the traces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.surrogate.base.encoder import encode_separately
from tracer_bentos.surrogate.base.sample import FeatureSample
from tracer_core.errors import DocumentError

__all__ = ["PrecomputedEncoder"]


@dataclass(frozen=True, slots=True)
class PrecomputedEncoder:
    """Returns the vector of the input unchanged."""

    vector_length: int
    """Length of the vectors."""

    kind = "given"
    costly = False
    remote = False
    deterministic = True
    max_characters = None
    max_tokens = None
    tokens_used = 0

    @property
    def settings(self) -> Mapping[str, str]:
        """What is needed to build the encoder again: the length of the vectors."""
        return {"dimensions": str(self.vector_length)}

    def encode(self, sample: FeatureSample) -> NDArray[np.float32]:
        """Return the vector of an input.

        Raises:
            DocumentError: The input has no vector, or one of another length.
        """
        if sample.vector is None or sample.vector.shape != (self.vector_length,):
            raise DocumentError(
                f"the input has no vector of {self.vector_length} numbers; the bundle"
                " was trained on vectors that come with the inputs, so pass them with"
                " --vectors"
            )
        return np.asarray(sample.vector, np.float32)

    def encode_batch(self, samples: Sequence[FeatureSample]) -> NDArray[np.float32]:
        """Return the vectors of inputs, shape (inputs, vector_length)."""
        return encode_separately(self, samples)

    def check(self) -> None:
        """Do nothing: the vectors come with the inputs."""

    def files(self) -> Mapping[str, bytes]:
        """Return no files: a bundle contains only the length of the vectors."""
        return {}
