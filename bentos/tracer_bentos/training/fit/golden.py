"""Inputs of the golden vectors: synthetic, never from traces."""

from collections.abc import Sequence

import numpy as np

from tracer_bentos.surrogate.base.sample import FeatureSample
from tracer_bentos.surrogate.surrogate import Surrogate

__all__ = ["GOLDEN_TEXTS", "golden_samples"]

GOLDEN_TEXTS = (
    "",
    "hello",
    "I want to change my address, please.",
    "Why was I charged twice for one purchase?",
    "How long does a transfer take to arrive?",
    "my card has not arrived yet",
    "¿Dónde está mi pedido? 我的卡在哪里 🙂",
    "UPPER CASE AND   many    spaces\n\tand lines",
    "0123456789 !?#%&/()=",
    "a very long question " * 40,
)
"""Plain, empty, foreign, and long texts: they cover each path of the features."""


def golden_samples(surrogate: Surrogate) -> Sequence[FeatureSample]:
    """Return the inputs of the golden vectors, with random vectors if it needs them."""
    length = surrogate.vector_length
    if length is None:
        return [FeatureSample(text) for text in GOLDEN_TEXTS]
    numbers = np.random.default_rng(1).normal(size=(len(GOLDEN_TEXTS), length))
    vectors = numbers.astype(np.float32)
    return [FeatureSample(t, v) for t, v in zip(GOLDEN_TEXTS, vectors, strict=True)]
