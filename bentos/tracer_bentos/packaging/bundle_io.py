"""A bundle on disk: arrays and JSON, addressed by content, verified before use.

Nothing in a bundle is ever executed or unpickled, and no file is read that the manifest
does not vouch for.
"""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tracer_bentos.packaging.features import FEATURES_VERSION
from tracer_bentos.packaging.surrogate import (
    Calibration,
    Classifier,
    Policy,
    Prediction,
    Surrogate,
    Vocabulary,
)
from tracer_bentos.redaction.standard import Standard
from tracer_router.contracts.bundle import BundleManifest, GoldenVector
from tracer_router.contracts.certificate import Certificate
from tracer_router.contracts.document import Document, digest_of
from tracer_router.errors import DocumentError

__all__ = ["Predictor", "load_bundle", "write_bundle"]

_MANIFEST = "manifest.json"
_ARRAYS = "surrogate.npz"
_SETTINGS = "surrogate.json"
_GOLDEN = "golden.json"
_CERTIFICATE = "certificate.json"
_FILES = frozenset({_ARRAYS, _SETTINGS, _GOLDEN, _CERTIFICATE})


class _Settings(Document):
    """What of the surrogate is not an array."""

    features: int
    """Version of the features that the arrays are about."""
    labels: tuple[str, ...]
    threshold: float
    known_floor: float
    open_cells: tuple[bool, ...]
    calibration: tuple[float, ...]
    intercept: float
    cells: tuple[float, ...]


class _Golden(Document):
    vectors: tuple[GoldenVector, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Predictor:
    """A verified bundle, ready to decide."""

    surrogate: Surrogate
    """What decides."""
    manifest: BundleManifest
    """What was loaded."""
    certificate: Certificate
    """What is claimed of it."""
    golden: tuple[GoldenVector, ...]
    """Decisions that it must reproduce."""

    @property
    def redaction(self) -> str:
        """Identity of the redactor of the texts that it was certified on."""
        return self.manifest.redaction

    def decide(self, text: str) -> Prediction:
        """Decide about one text."""
        return self.surrogate.decide(text)

    def verify_golden(self) -> None:
        """Check that this machine decides as the trainer's did, to the last bit.

        Raises:
            DocumentError: A decision differs; the bundle must not be served here.
        """
        for number, vector in enumerate(self.golden, start=1):
            if _golden(self.surrogate, vector.input) != vector:
                raise DocumentError(
                    f"golden vector {number} of {len(self.golden)} is decided otherwise"
                    " here than where the bundle was trained: it must not be served"
                )


def write_bundle(
    folder: Path,
    surrogate: Surrogate,
    certificate: Certificate,
    texts: Sequence[str],
    redaction: str = Standard.identity,
) -> BundleManifest:
    """Write a bundle into a new or empty folder; the manifest comes last.

    Args:
        folder: Where to; must hold nothing.
        surrogate: What decides.
        certificate: What is claimed of it.
        texts: Synthetic inputs of the golden vectors; never from traces.
        redaction: Identity of the redactor of the texts it was certified on.

    Raises:
        DocumentError: The folder holds something already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise DocumentError(f"{folder} is not empty: a bundle is never overwritten")
    golden = _Golden(vectors=tuple(_golden(surrogate, text) for text in texts))
    contents = {
        _ARRAYS: _arrays(surrogate),
        _SETTINGS: _settings(surrogate).to_json(),
        _GOLDEN: golden.to_json(),
        _CERTIFICATE: certificate.to_json(),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    files = {name: digest_of(content) for name, content in contents.items()}
    manifest = BundleManifest(task=certificate.task, redaction=redaction, files=files)
    (folder / _MANIFEST).write_bytes(manifest.to_json())
    return manifest


def load_bundle(folder: Path, expected_digest: str) -> Predictor:
    """Read a bundle after checking every digest.

    Raises:
        DocumentError: It is not that bundle, is incomplete, or holds something else.
    """
    manifest = _manifest(folder, expected_digest)
    contents = {name: _verified(folder, manifest, name) for name in _FILES}
    settings = _Settings.from_json(contents[_SETTINGS])
    if settings.features != FEATURES_VERSION:
        raise DocumentError(
            f"{folder}: made for features of version {settings.features}, this code"
            f" has {FEATURES_VERSION}: use the runtime that the bundle was made with"
        )
    return Predictor(
        surrogate=_surrogate(settings, contents[_ARRAYS]),
        manifest=manifest,
        certificate=Certificate.from_json(contents[_CERTIFICATE]),
        golden=_Golden.from_json(contents[_GOLDEN]).vectors,
    )


def _manifest(folder: Path, expected_digest: str) -> BundleManifest:
    try:
        content = (folder / _MANIFEST).read_bytes()
        present = {path.name for path in folder.iterdir()}
    except OSError as error:
        raise DocumentError(f"no bundle in {folder}: {error.strerror}") from error
    if digest_of(content) != expected_digest:
        raise DocumentError(
            f"{folder}: the manifest is {digest_of(content)}, not {expected_digest}"
        )
    manifest = BundleManifest.from_json(content)
    if manifest.version != 1 or set(manifest.files) != _FILES:
        raise DocumentError(f"{folder}: a bundle format that this code does not know")
    if present != _FILES | {_MANIFEST}:
        odd = ", ".join(sorted(present ^ (_FILES | {_MANIFEST})))
        raise DocumentError(f"{folder}: missing or unknown files: {odd}")
    return manifest


def _verified(folder: Path, manifest: BundleManifest, name: str) -> bytes:
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        raise DocumentError(f"{folder}/{name}: {error.strerror}") from error
    if digest_of(content) != manifest.files[name]:
        raise DocumentError(f"{folder}/{name} is not what the manifest vouches for")
    return content


def _golden(surrogate: Surrogate, text: str) -> GoldenVector:
    found = surrogate.decide(text)
    return GoldenVector(
        input=text, label=found.label, score=found.score, accepted=found.accepted
    )


def _arrays(surrogate: Surrogate) -> bytes:
    target, classifier = io.BytesIO(), surrogate.classifier
    np.savez(
        target,
        hashes=classifier.vocabulary.hashes,
        idf=classifier.vocabulary.idf,
        weights=classifier.weights.astype(np.float16),
        bias=classifier.bias,
    )
    return target.getvalue()


def _settings(surrogate: Surrogate) -> _Settings:
    return _Settings(
        features=FEATURES_VERSION,
        labels=surrogate.labels,
        threshold=surrogate.policy.threshold,
        known_floor=surrogate.policy.known_floor,
        open_cells=surrogate.policy.open_cells,
        calibration=surrogate.calibration.weights,
        intercept=surrogate.calibration.intercept,
        cells=surrogate.calibration.cells,
    )


def _surrogate(settings: _Settings, content: bytes) -> Surrogate:
    hashes, idf, weights, bias = _read_arrays(content)
    labels = len(settings.labels)
    by_label = {len(bias), len(settings.open_cells), len(settings.cells)}
    if weights.shape != (len(hashes), labels) or by_label != {labels}:
        raise DocumentError("the bundle's arrays do not fit its labels")
    return Surrogate(
        labels=settings.labels,
        classifier=Classifier(Vocabulary(hashes, idf), weights, bias),
        calibration=Calibration(
            settings.calibration, settings.intercept, settings.cells
        ),
        policy=Policy(settings.threshold, settings.known_floor, settings.open_cells),
    )


def _read_arrays(
    content: bytes,
) -> tuple[
    NDArray[np.uint32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]
]:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return (
                arrays["hashes"].astype(np.uint32),
                arrays["idf"].astype(np.float32),
                np.ascontiguousarray(arrays["weights"], np.float32),
                arrays["bias"].astype(np.float32),
            )
    except (KeyError, ValueError, zipfile.BadZipFile) as error:
        raise DocumentError(f"the bundle's arrays cannot be read: {error}") from error
