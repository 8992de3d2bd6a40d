"""Inputs of the golden vectors: made up, never from traces."""

from collections.abc import Sequence

import numpy as np

from tracer_bentos.surrogate.base.expert import FeatureSample
from tracer_bentos.surrogate.encoders.precomputed import PrecomputedEncoder
from tracer_bentos.surrogate.kernel_ridge import KernelRidge
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
"""Plain, empty, foreign, long: every path of the featuriser is walked."""


def golden_samples(surrogate: Surrogate) -> Sequence[FeatureSample]:
    """Give the inputs of the golden vectors, with made-up embeddings where needed."""
    sizes = [
        expert.encoder.dimensions
        for expert in surrogate.experts
        if isinstance(expert, KernelRidge)
        and isinstance(expert.encoder, PrecomputedEncoder)
    ]
    if not sizes:
        return [FeatureSample(text) for text in GOLDEN_TEXTS]
    made = np.random.default_rng(1).normal(size=(len(GOLDEN_TEXTS), sizes[0]))
    vectors = made.astype(np.float32)
    return [FeatureSample(t, v) for t, v in zip(GOLDEN_TEXTS, vectors, strict=True)]
