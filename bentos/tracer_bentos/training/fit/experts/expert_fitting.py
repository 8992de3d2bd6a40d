"""The experts of an attempt, and their fits."""

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

_MAX_CHEAP_LANDMARKS, _MAX_COSTLY_LANDMARKS = 3_000, 6_000
"""Largest number of landmarks: with the first a decision takes microseconds; the second
is fast relative to a transformer."""
_CHUNK = 256


@dataclass(frozen=True, slots=True)
class EncoderSpec:
    """An encoder, and the size of the expert on its embeddings."""

    encoder: Encoder
    """Computes the embeddings."""
    shape: KernelShape
    """Name and largest size of the expert."""


def build_encoder_spec(encoder: Encoder) -> EncoderSpec:
    """Return the specification of the expert of an encoder.

    The expert may be large beside a costly encoder, and with vectors that come with the
    inputs, which no decision waits for.
    """
    large = encoder.costly or encoder.vector_length is not None
    max_landmarks = _MAX_COSTLY_LANDMARKS if large else _MAX_CHEAP_LANDMARKS
    return EncoderSpec(
        encoder, KernelShape(encoder.kind, encoder.costly, max_landmarks)
    )


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """The features of n rows: computed once, used by several fits."""

    documents: tuple[TokenFeatures, ...]
    """The hashed n-grams of each row."""
    vectors: tuple[NDArray[np.float32], ...]
    """By encoder, the embeddings of the rows, shape (n, dimensions)."""

    def take(self, rows: Sequence[int]) -> "FeatureSet":
        """Return the features of some rows, by position."""
        chosen = np.asarray(rows, np.intp)
        return FeatureSet(
            tuple(self.documents[i] for i in rows),
            tuple(vectors[chosen] for vectors in self.vectors),
        )


def prepare_features(
    samples: Sequence[FeatureSample],
    encoder_specs: Sequence[EncoderSpec],
    engine: ComputeEngine,
) -> FeatureSet:
    """Return the features and embeddings of rows."""
    return FeatureSet(
        tuple(_hash_samples(samples, engine)),
        tuple(_encode(samples, encoder_specs, engine)),
    )


def fit_experts(
    features: FeatureSet,
    encoder_specs: Sequence[EncoderSpec],
    training: TrainingTargets,
    engine: ComputeEngine,
) -> list[FitResult]:
    """Return all fitted experts, cheap ones first.

    Args:
        features: Features of the TRAIN rows.
        encoder_specs: Encoders of the experts beside the expert on words.
        training: The targets of the fits.
        engine: Computes the pieces.
    """
    pieces: list[Callable[[], Any]] = [
        partial(fit_kernel_ridge, spec.encoder, vectors, training, spec.shape)
        for spec, vectors in zip(encoder_specs, features.vectors, strict=True)
    ]
    results = engine.run([*pieces, *tfidf_fit_tasks(features.documents, training)])
    fitted = [
        merge_tfidf_folds(results[len(pieces) :], training),
        *results[: len(pieces)],
    ]
    return sorted(fitted, key=lambda result: result.costly)


def _hash_samples(
    samples: Sequence[FeatureSample], engine: ComputeEngine
) -> list[TokenFeatures]:
    pieces = [partial(_hash_chunk, chunk) for chunk in _chunks(samples)]
    return [document for part in engine.run(pieces) for document in part]


def _encode(
    samples: Sequence[FeatureSample],
    encoder_specs: Sequence[EncoderSpec],
    engine: ComputeEngine,
) -> list[NDArray[np.float32]]:
    chunks = _chunks(samples)
    pieces = [
        partial(spec.encoder.encode_batch, c) for spec in encoder_specs for c in chunks
    ]
    parts = engine.run(pieces)
    size = len(chunks)
    return [
        np.concatenate(parts[i * size : (i + 1) * size])
        for i in range(len(encoder_specs))
    ]


def _chunks(samples: Sequence[FeatureSample]) -> list[Sequence[FeatureSample]]:
    return [samples[i : i + _CHUNK] for i in range(0, len(samples), _CHUNK)]


def _hash_chunk(samples: Sequence[FeatureSample]) -> list[TokenFeatures]:
    return [hash_features(sample.text) for sample in samples]
