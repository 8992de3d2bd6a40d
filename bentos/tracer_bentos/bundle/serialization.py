"""Serialization of a surrogate as the files of a bundle."""

import io
import zipfile
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tracer_bentos.surrogate.base.expert import Expert
from tracer_bentos.surrogate.base.ngrams import FEATURES_VERSION
from tracer_bentos.surrogate.base.quantization import QuantizedVectors
from tracer_bentos.surrogate.encoders.registry import build_encoder
from tracer_bentos.surrogate.kernel_ridge import Coefficients, KernelRidge
from tracer_bentos.surrogate.surrogate import (
    AcceptancePolicy,
    AgreementCalibration,
    Stage,
    Surrogate,
)
from tracer_bentos.surrogate.tfidf_linear import TfidfLinear, Vocabulary
from tracer_core.contracts.document import Document, sha256_digest
from tracer_core.errors import DocumentError

__all__ = [
    "GOLDEN_TOLERANCE",
    "model_digest",
    "read_surrogate",
    "write_surrogate",
]

GOLDEN_TOLERANCE = 0.02
"""Largest difference of a score between machines with a transformer or endpoint."""

_SETTINGS = "surrogate.json"
_TERMS = "terms"

Arrays = Mapping[str, NDArray[np.generic]]


class _ExpertSettings(Document):
    kind: str
    """`terms`, or the kind of the encoder of a kernel ridge expert."""
    settings: dict[str, str] = Field(default_factory=dict)


class _StageSettings(Document):
    name: str
    experts: tuple[int, ...]
    weights: tuple[float, ...]
    calibration: tuple[float, ...]
    intercept: float
    cells: tuple[float, ...]
    floor: float
    doubt: tuple[float, float] | None = None
    sure: float = 0.0
    """Written by older versions only: the score that passed every threshold."""


class _Settings(Document):
    """All of a surrogate except its arrays."""

    features: int
    """Version of the hashed n-grams that the arrays were trained on."""
    labels: tuple[str, ...]
    experts: tuple[_ExpertSettings, ...] = Field(min_length=1)
    stages: tuple[_StageSettings, ...] = Field(min_length=1)
    threshold: float
    open_cells: tuple[bool, ...]


def write_surrogate(surrogate: Surrogate) -> dict[str, bytes]:
    """Return the files of a surrogate, by name."""
    files: dict[str, bytes] = {}
    for number, expert in enumerate(surrogate.experts):
        files[f"expert-{number}.npz"] = _pack(_arrays_of(expert))
        if expert.encoder is not None:
            files.update(expert.encoder.files())
    files[_SETTINGS] = _Settings(
        features=FEATURES_VERSION,
        labels=surrogate.labels,
        experts=tuple(map(_expert_settings, surrogate.experts)),
        stages=tuple(map(_stage_settings, surrogate.stages)),
        threshold=surrogate.policy.threshold,
        open_cells=surrogate.policy.open_cells,
    ).to_json()
    return files


def model_digest(files: Mapping[str, str]) -> str:
    """Return the digest of a surrogate from the digests of its files, by name."""
    lines = (f"{name} {files[name]}\n" for name in sorted(files))
    return sha256_digest("".join(lines).encode())


def read_surrogate(files: Mapping[str, bytes]) -> Surrogate:
    """Return the surrogate in the files of a bundle.

    Raises:
        DocumentError: The files contradict each other, or have an unsupported format.
    """
    if _SETTINGS not in files:
        raise DocumentError(f"the bundle contains no {_SETTINGS}")
    settings = _Settings.from_json(files[_SETTINGS])
    if settings.features != FEATURES_VERSION:
        raise DocumentError(
            f"bundle uses features of version {settings.features}, expected"
            f" {FEATURES_VERSION}; use the version of the runtime that wrote the bundle"
        )
    if any(stage.sure for stage in settings.stages):
        raise DocumentError(
            "bundle uses an unsupported first-stage format; use the version of the"
            " runtime that wrote the bundle"
        )
    try:
        experts = tuple(
            _build_expert(expert, _unpack(files[f"expert-{number}.npz"]), files)
            for number, expert in enumerate(settings.experts)
        )
    except (LookupError, ValueError, zipfile.BadZipFile) as error:
        raise DocumentError(f"cannot read the arrays of the bundle: {error}") from error
    _check(settings, experts)
    return Surrogate(
        labels=settings.labels,
        experts=experts,
        stages=tuple(map(_build_stage, settings.stages)),
        policy=AcceptancePolicy(settings.threshold, settings.open_cells),
    )


def _expert_settings(expert: Expert) -> _ExpertSettings:
    encoder = expert.encoder
    if encoder is None:
        return _ExpertSettings(kind=_TERMS)
    return _ExpertSettings(kind=encoder.kind, settings=dict(encoder.settings))


def _stage_settings(stage: Stage) -> _StageSettings:
    return _StageSettings(
        name=stage.name,
        experts=stage.experts,
        weights=stage.weights,
        calibration=stage.calibration.weights,
        intercept=stage.calibration.intercept,
        cells=stage.calibration.cells,
        floor=stage.ood_threshold,
        doubt=stage.deferral_range,
    )


def _arrays_of(expert: Expert) -> Arrays:
    if isinstance(expert, KernelRidge):
        return {
            "centre": expert.mean,
            "places": expert.landmarks.entries,
            "steps": expert.coefficients.steps,
            "scales": expert.coefficients.scales,
        }
    if isinstance(expert, TfidfLinear):
        return {
            "hashes": expert.vocabulary.hashes,
            "idf": expert.vocabulary.idf,
            "weights": expert.weights.astype(np.float16),
            "bias": expert.bias,
        }
    raise DocumentError(f"cannot serialize an expert of type {type(expert).__name__}")


def _build_expert(
    settings: _ExpertSettings, arrays: Arrays, files: Mapping[str, bytes]
) -> Expert:
    if settings.kind == _TERMS:
        vocabulary = Vocabulary(
            arrays["hashes"].astype(np.uint32), arrays["idf"].astype(np.float32)
        )
        weights = np.ascontiguousarray(arrays["weights"], np.float32)
        return TfidfLinear(vocabulary, weights, arrays["bias"].astype(np.float32))
    return KernelRidge(
        encoder=build_encoder(settings.kind, files, settings.settings),
        mean=arrays["centre"].astype(np.float32),
        landmarks=QuantizedVectors.from_entries(arrays["places"].astype(np.int8)),
        coefficients=Coefficients(
            arrays["steps"].astype(np.int16), arrays["scales"].astype(np.float64)
        ),
    )


def _build_stage(settings: _StageSettings) -> Stage:
    return Stage(
        name=settings.name,
        experts=settings.experts,
        weights=settings.weights,
        calibration=AgreementCalibration(
            settings.calibration, settings.intercept, settings.cells
        ),
        ood_threshold=settings.floor,
        deferral_range=settings.doubt,
    )


def _check(settings: _Settings, experts: tuple[Expert, ...]) -> None:
    labels = len(settings.labels)
    is_consistent = len(settings.open_cells) == labels
    for expert in experts:
        is_consistent = is_consistent and _label_count(expert) == labels
    for stage in settings.stages:
        is_consistent = (
            is_consistent
            and len(stage.weights) == len(stage.experts) > 0
            and max(stage.experts) < len(experts)
            and len(stage.cells) == labels
        )
    if not is_consistent:
        raise DocumentError(
            "the arrays of the bundle do not match its labels and stages"
        )


def _label_count(expert: Expert) -> int:
    """Return the number of labels; -1 if the arrays contradict each other."""
    if isinstance(expert, KernelRidge):
        steps, landmarks = expert.coefficients.steps, expert.landmarks.entries
        is_consistent = (
            steps.shape[1] == len(landmarks)
            and landmarks.shape[1] == len(expert.mean)
            and len(expert.coefficients.scales) == len(steps)
        )
        return len(steps) if is_consistent else -1
    if isinstance(expert, TfidfLinear):
        is_consistent = (
            len(expert.weights) == len(expert.vocabulary.hashes)
            and len(expert.bias) == expert.weights.shape[1]
        )
        return len(expert.bias) if is_consistent else -1
    return -1


def _pack(arrays: Arrays) -> bytes:
    target = io.BytesIO()
    np.savez(target, allow_pickle=False, **arrays)
    return target.getvalue()


def _unpack(content: bytes) -> Arrays:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
