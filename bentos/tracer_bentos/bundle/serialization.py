"""A surrogate as the files of a bundle, and back."""

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
"""How far a score may differ where a transformer or an endpoint is asked."""

_SETTINGS = "surrogate.json"
_TERMS = "terms"

Arrays = Mapping[str, NDArray[np.generic]]


class _ExpertSettings(Document):
    kind: str
    """`terms`, or the kind of encoder before the landmarks."""
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
    """Of older code: the score that passed every threshold."""


class _Settings(Document):
    """What of the surrogate is not an array."""

    features: int
    """Version of the features that the arrays are about."""
    labels: tuple[str, ...]
    experts: tuple[_ExpertSettings, ...] = Field(min_length=1)
    stages: tuple[_StageSettings, ...] = Field(min_length=1)
    threshold: float
    open_cells: tuple[bool, ...]


def write_surrogate(surrogate: Surrogate) -> dict[str, bytes]:
    """Give the files of a surrogate, by name."""
    files: dict[str, bytes] = {}
    for number, expert in enumerate(surrogate.experts):
        files[f"expert-{number}.npz"] = _packed(_arrays_of(expert))
        if expert.encoder is not None:
            files.update(expert.encoder.files())
    files[_SETTINGS] = _Settings(
        features=FEATURES_VERSION,
        labels=surrogate.labels,
        experts=tuple(map(_settings_of, surrogate.experts)),
        stages=tuple(map(_settings_of_stage, surrogate.stages)),
        threshold=surrogate.policy.threshold,
        open_cells=surrogate.policy.open_cells,
    ).to_json()
    return files


def model_digest(files: Mapping[str, str]) -> str:
    """Give the digest of a surrogate from those of its files, by name."""
    lines = (f"{name} {files[name]}\n" for name in sorted(files))
    return sha256_digest("".join(lines).encode())


def read_surrogate(files: Mapping[str, bytes]) -> Surrogate:
    """Give the surrogate that some files hold.

    Raises:
        DocumentError: They do not fit together, or are made for other code.
    """
    if _SETTINGS not in files:
        raise DocumentError(f"the bundle holds no {_SETTINGS}")
    settings = _Settings.from_json(files[_SETTINGS])
    if settings.features != FEATURES_VERSION:
        raise DocumentError(
            f"the bundle is made for features of version {settings.features}, this code"
            f" has {FEATURES_VERSION}: use the runtime that the bundle was made with"
        )
    if any(stage.sure for stage in settings.stages):
        raise DocumentError(
            "the bundle's first stage decides as older code did: use the runtime that"
            " the bundle was made with"
        )
    try:
        experts = tuple(
            _expert(said, _unpacked(files[f"expert-{number}.npz"]), files)
            for number, said in enumerate(settings.experts)
        )
    except (LookupError, ValueError, zipfile.BadZipFile) as error:
        raise DocumentError(f"the bundle's arrays cannot be read: {error}") from error
    _check(settings, experts)
    return Surrogate(
        labels=settings.labels,
        experts=experts,
        stages=tuple(map(_stage, settings.stages)),
        policy=AcceptancePolicy(settings.threshold, settings.open_cells),
    )


def _settings_of(expert: Expert) -> _ExpertSettings:
    encoder = expert.encoder
    if encoder is None:
        return _ExpertSettings(kind=_TERMS)
    return _ExpertSettings(kind=encoder.kind, settings=dict(encoder.settings))


def _settings_of_stage(stage: Stage) -> _StageSettings:
    return _StageSettings(
        name=stage.name,
        experts=stage.experts,
        weights=stage.weights,
        calibration=stage.calibration.weights,
        intercept=stage.calibration.intercept,
        cells=stage.calibration.cells,
        floor=stage.floor,
        doubt=stage.doubt,
    )


def _arrays_of(expert: Expert) -> Arrays:
    if isinstance(expert, KernelRidge):
        return {
            "centre": expert.centre,
            "places": expert.places.entries,
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
    raise DocumentError(f"no way to keep an expert of type {type(expert).__name__}")


def _expert(
    said: _ExpertSettings, arrays: Arrays, files: Mapping[str, bytes]
) -> Expert:
    if said.kind == _TERMS:
        vocabulary = Vocabulary(
            arrays["hashes"].astype(np.uint32), arrays["idf"].astype(np.float32)
        )
        weights = np.ascontiguousarray(arrays["weights"], np.float32)
        return TfidfLinear(vocabulary, weights, arrays["bias"].astype(np.float32))
    return KernelRidge(
        encoder=build_encoder(said.kind, files, said.settings),
        centre=arrays["centre"].astype(np.float32),
        places=QuantizedVectors.from_entries(arrays["places"].astype(np.int8)),
        coefficients=Coefficients(
            arrays["steps"].astype(np.int16), arrays["scales"].astype(np.float64)
        ),
    )


def _stage(said: _StageSettings) -> Stage:
    return Stage(
        name=said.name,
        experts=said.experts,
        weights=said.weights,
        calibration=AgreementCalibration(said.calibration, said.intercept, said.cells),
        floor=said.floor,
        doubt=said.doubt,
    )


def _check(settings: _Settings, experts: tuple[Expert, ...]) -> None:
    labels = len(settings.labels)
    fit = len(settings.open_cells) == labels
    for expert in experts:
        fit = fit and _shape(expert) == labels
    for stage in settings.stages:
        asked = len(stage.experts)
        fit = fit and len(stage.weights) == asked > 0
        fit = fit and max(stage.experts) < len(experts) and len(stage.cells) == labels
    if not fit:
        raise DocumentError("the bundle's arrays do not fit its labels and stages")


def _shape(expert: Expert) -> int:
    # The number of labels, or -1 where an expert's own arrays contradict each other.
    if isinstance(expert, KernelRidge):
        steps, held = expert.coefficients.steps, expert.places.entries
        fits = steps.shape[1] == len(held) and held.shape[1] == len(expert.centre)
        return (
            len(steps) if fits and len(expert.coefficients.scales) == len(steps) else -1
        )
    if isinstance(expert, TfidfLinear):
        fits = len(expert.weights) == len(expert.vocabulary.hashes)
        fits = fits and len(expert.bias) == expert.weights.shape[1]
        return len(expert.bias) if fits else -1
    return -1


def _packed(arrays: Arrays) -> bytes:
    target = io.BytesIO()
    np.savez(target, allow_pickle=False, **arrays)
    return target.getvalue()


def _unpacked(content: bytes) -> Arrays:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
