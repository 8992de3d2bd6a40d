"""The interface of encoders: from an input to an embedding.

All that other code has to decide about an encoder is a member of the interface: whether
its expert is tried late, in which threads it runs, how exactly golden vectors must be
reproduced. No other module tests the type of an encoder, so a new encoder needs its own
module, a line in `encoders/registry.py`, and, if a user is to name it, a field in the
API and in `tracer_core.contracts.embedder`.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.surrogate.base.sample import FeatureSample

__all__ = ["Encoder", "encode_separately"]


class Encoder(Protocol):
    """Computes embeddings. The same input always has the same embedding."""

    @property
    def kind(self) -> str:
        """Name of the kind of encoder, as bundles record it."""

    @property
    def settings(self) -> Mapping[str, str]:
        """What is needed, in addition to the files, to build the encoder again."""

    @property
    def costly(self) -> bool:
        """Whether one embedding takes milliseconds rather than microseconds."""

    @property
    def remote(self) -> bool:
        """Whether an embedding is requested from another process over the network."""

    @property
    def deterministic(self) -> bool:
        """Whether every machine computes the same bits."""

    @property
    def vector_length(self) -> int | None:
        """Length of the vector that must come with each input.

        None if the encoder computes the embedding from the text.
        """

    @property
    def max_characters(self) -> int | None:
        """Characters of a text that are used; the rest is ignored. None: no limit."""

    @property
    def max_tokens(self) -> int | None:
        """Tokens of a text that are used; the rest is ignored. None: no limit."""

    @property
    def tokens_used(self) -> int:
        """Billed tokens that a remote service reported to this process; else 0."""

    def encode(self, sample: FeatureSample) -> NDArray[np.float32]:
        """Return the embedding of one input, shape (dimensions,).

        A remote encoder is called while a client waits, so it fails fast.
        """

    def encode_batch(self, samples: Sequence[FeatureSample]) -> NDArray[np.float32]:
        """Return the embeddings of many inputs, shape (inputs, dimensions).

        Training calls it. A remote encoder sends several inputs in one request and
        retries what may succeed later.
        """

    def check(self) -> None:
        """Compute one embedding, so that a fault shows before an attempt is used.

        Raises:
            DocumentError: The files of the encoder are unusable.
            EmbeddingsError: The remote service returned no embedding.
        """

    def files(self) -> Mapping[str, bytes]:
        """Return the files of the encoder that a bundle must contain, by file name."""


def encode_separately(
    encoder: Encoder, samples: Sequence[FeatureSample]
) -> NDArray[np.float32]:
    """Return the embeddings of inputs that are encoded one at a time.

    This is `encode_batch` of encoders without a faster way to encode several inputs.
    """
    return np.array([encoder.encode(sample) for sample in samples], np.float32)
