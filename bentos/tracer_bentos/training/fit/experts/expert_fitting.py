"""Which experts an attempt has, and their fits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.surrogate.base.encoder import Encoder
from tracer_bentos.surrogate.base.expert import Sample
from tracer_bentos.surrogate.base.ngrams import Features, hash_features
from tracer_bentos.surrogate.encoders.endpoint import EndpointEncoder
from tracer_bentos.training.engine.engine import Engine
from tracer_bentos.training.fit.experts.fit_result import Fitted, Learnable
from tracer_bentos.training.fit.experts.kernel_ridge_fitting import Shape, fit_landmarks
from tracer_bentos.training.fit.experts.tfidf_fitting import join_terms, terms_pieces

__all__ = [
    "Material",
    "View",
    "cheap_view",
    "costly_view",
    "fit_experts",
    "given_view",
    "prepare",
]

_CHEAP, _COSTLY = 3_000, 6_000
"""Most landmarks: what keeps a decision in microseconds, and what is small beside a
transformer."""
_CHUNK = 256


@dataclass(frozen=True, slots=True)
class View:
    """An encoder whose embeddings an expert is fitted on."""

    encoder: Encoder
    """Gives the embeddings."""
    shape: Shape
    """How large the expert may become."""


def cheap_view(encoder: Encoder) -> View:
    """Give the view of an encoder that takes microseconds."""
    return View(encoder, Shape(encoder.kind, costly=False, most=_CHEAP))


def given_view(encoder: Encoder) -> View:
    """Give the view of vectors that are there already, so large but not costly."""
    return View(encoder, Shape(encoder.kind, costly=False, most=_COSTLY))


def costly_view(encoder: Encoder) -> View:
    """Give the view of an encoder that takes milliseconds."""
    return View(encoder, Shape(encoder.kind, costly=True, most=_COSTLY))


@dataclass(frozen=True, slots=True)
class Material:
    """Rows as the experts take them: computed once, fitted to more than once."""

    documents: tuple[Features, ...]
    """The n-grams of each row."""
    vectors: tuple[NDArray[np.float32], ...]
    """By view, the embedding of each row."""

    def take(self, rows: Sequence[int]) -> "Material":
        """Give some of the rows."""
        chosen = np.asarray(rows, np.intp)
        return Material(
            tuple(self.documents[i] for i in rows),
            tuple(vectors[chosen] for vectors in self.vectors),
        )


def prepare(
    samples: Sequence[Sample], views: Sequence[View], engine: Engine
) -> Material:
    """Featurise and embed rows."""
    return Material(
        tuple(_featurise(samples, engine)), tuple(_encode(samples, views, engine))
    )


def fit_experts(
    material: Material, views: Sequence[View], learnable: Learnable, engine: Engine
) -> list[Fitted]:
    """Fit every expert, cheap ones first.

    Args:
        material: The TRAIN rows.
        views: What is fitted beside the expert on words.
        learnable: What to fit to.
        engine: Where the pieces are computed.
    """
    work: list[Callable[[], Any]] = [
        partial(fit_landmarks, view.encoder, vectors, learnable, view.shape)
        for view, vectors in zip(views, material.vectors, strict=True)
    ]
    done = engine.run([*work, *terms_pieces(material.documents, learnable)])
    fitted = [join_terms(done[len(work) :], learnable), *done[: len(work)]]
    return sorted(fitted, key=lambda each: each.costly)


def _featurise(samples: Sequence[Sample], engine: Engine) -> list[Features]:
    pieces = [partial(_features, chunk) for chunk in _chunks(samples)]
    return [document for part in engine.run(pieces) for document in part]


def _encode(
    samples: Sequence[Sample], views: Sequence[View], engine: Engine
) -> list[NDArray[np.float32]]:
    chunks = _chunks(samples)
    pieces = [partial(_vectors, view.encoder, c) for view in views for c in chunks]
    parts = engine.run(pieces)
    each = len(chunks)
    return [np.concatenate(parts[i * each : (i + 1) * each]) for i in range(len(views))]


def _chunks(samples: Sequence[Sample]) -> list[Sequence[Sample]]:
    return [samples[i : i + _CHUNK] for i in range(0, len(samples), _CHUNK)]


def _features(samples: Sequence[Sample]) -> list[Features]:
    return [hash_features(sample.text) for sample in samples]


def _vectors(encoder: Encoder, samples: Sequence[Sample]) -> NDArray[np.float32]:
    if isinstance(encoder, EndpointEncoder):
        return encoder.encode_all(samples)
    return np.array([encoder.encode(sample) for sample in samples], np.float32)
