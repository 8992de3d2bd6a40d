"""Which experts an attempt has, and their fits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.surrogate.base.encoder import Encoder
from tracer_bentos.surrogate.base.ngrams import TokenFeatures, hash_features
from tracer_bentos.surrogate.base.sample import FeatureSample
from tracer_bentos.training.engine.engine import ComputeEngine
from tracer_bentos.training.fit.experts.fit_result import FitResult, TrainingTargets
from tracer_bentos.training.fit.experts.kernel_ridge_fitting import (
    KernelShape,
    fit_kernel_ridge,
)
from tracer_bentos.training.fit.experts.tfidf_fitting import (
    merge_tfidf_folds,
    tfidf_fit_tasks,
)

__all__ = [
    "EncoderSpec",
    "FeatureSet",
    "build_encoder_spec",
    "fit_experts",
    "prepare_features",
]

_CHEAP, _COSTLY = 3_000, 6_000
"""Most landmarks: what keeps a decision in microseconds, and what is small beside a
transformer."""
_CHUNK = 256


@dataclass(frozen=True, slots=True)
class EncoderSpec:
    """An encoder whose embeddings an expert is fitted on."""

    encoder: Encoder
    """Gives the embeddings."""
    shape: KernelShape
    """How large the expert may become."""


def build_encoder_spec(encoder: Encoder) -> EncoderSpec:
    """Return the specification of the expert of an encoder.

    The expert may be large beside a costly encoder, and with vectors that come with the
    inputs, which no decision waits for.
    """
    large = encoder.costly or encoder.vector_length is not None
    most = _COSTLY if large else _CHEAP
    return EncoderSpec(encoder, KernelShape(encoder.kind, encoder.costly, most))


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """Rows as the experts take them: computed once, fitted to more than once."""

    documents: tuple[TokenFeatures, ...]
    """The n-grams of each row."""
    vectors: tuple[NDArray[np.float32], ...]
    """By view, the embedding of each row."""

    def take(self, rows: Sequence[int]) -> "FeatureSet":
        """Give some of the rows."""
        chosen = np.asarray(rows, np.intp)
        return FeatureSet(
            tuple(self.documents[i] for i in rows),
            tuple(vectors[chosen] for vectors in self.vectors),
        )


def prepare_features(
    samples: Sequence[FeatureSample],
    views: Sequence[EncoderSpec],
    engine: ComputeEngine,
) -> FeatureSet:
    """Featurise and embed rows."""
    return FeatureSet(
        tuple(_featurise(samples, engine)), tuple(_encode(samples, views, engine))
    )


def fit_experts(
    material: FeatureSet,
    views: Sequence[EncoderSpec],
    learnable: TrainingTargets,
    engine: ComputeEngine,
) -> list[FitResult]:
    """Fit every expert, cheap ones first.

    Args:
        material: The TRAIN rows.
        views: What is fitted beside the expert on words.
        learnable: What to fit to.
        engine: Where the pieces are computed.
    """
    work: list[Callable[[], Any]] = [
        partial(fit_kernel_ridge, view.encoder, vectors, learnable, view.shape)
        for view, vectors in zip(views, material.vectors, strict=True)
    ]
    done = engine.run([*work, *tfidf_fit_tasks(material.documents, learnable)])
    fitted = [merge_tfidf_folds(done[len(work) :], learnable), *done[: len(work)]]
    return sorted(fitted, key=lambda each: each.costly)


def _featurise(
    samples: Sequence[FeatureSample], engine: ComputeEngine
) -> list[TokenFeatures]:
    pieces = [partial(_features, chunk) for chunk in _chunks(samples)]
    return [document for part in engine.run(pieces) for document in part]


def _encode(
    samples: Sequence[FeatureSample],
    views: Sequence[EncoderSpec],
    engine: ComputeEngine,
) -> list[NDArray[np.float32]]:
    chunks = _chunks(samples)
    pieces = [partial(view.encoder.encode_batch, c) for view in views for c in chunks]
    parts = engine.run(pieces)
    each = len(chunks)
    return [np.concatenate(parts[i * each : (i + 1) * each]) for i in range(len(views))]


def _chunks(samples: Sequence[FeatureSample]) -> list[Sequence[FeatureSample]]:
    return [samples[i : i + _CHUNK] for i in range(0, len(samples), _CHUNK)]


def _features(samples: Sequence[FeatureSample]) -> list[TokenFeatures]:
    return [hash_features(sample.text) for sample in samples]
