"""A bundle on disk: arrays and JSON, addressed by content, verified before use.

Nothing in a bundle is executed or unpickled, and every file is compared with its digest
in the manifest before it is parsed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import Field

from tracer_bentos.bundle.serialization import (
    GOLDEN_TOLERANCE,
    model_digest,
    read_surrogate,
    write_surrogate,
)
from tracer_bentos.redaction.standard import StandardRedactor
from tracer_bentos.surrogate.base.sample import FeatureSample
from tracer_bentos.surrogate.surrogate import Surrogate, SurrogatePrediction
from tracer_core.contracts.certificate import Certificate
from tracer_core.contracts.document import Document, sha256_digest
from tracer_core.contracts.store.bundle import BundleManifest, GoldenVector
from tracer_core.errors import DocumentError

__all__ = ["BundlePredictor", "load_bundle", "open_bundle", "write_bundle"]

_VERSION = 2
_MANIFEST = "manifest.json"
_GOLDEN = "golden.json"
_CERTIFICATE = "certificate.json"
_SEEN = "seen.bin"
_OPTIONAL_FILES = frozenset({_GOLDEN, _CERTIFICATE, _SEEN})
"""Files on which no decision depends."""


class _Golden(Document):
    vectors: tuple[GoldenVector, ...] = Field(min_length=1)


@dataclass(frozen=True)
class BundlePredictor:
    """A verified bundle that can predict."""

    surrogate: Surrogate
    """The surrogate."""
    manifest: BundleManifest
    """The manifest of the bundle."""
    certificate: Certificate
    """The certificate of the surrogate."""
    golden: tuple[GoldenVector, ...]
    """Decisions that the surrogate must reproduce on this machine."""
    model: str = ""
    """Digest of the files on which decisions depend."""
    seen: bytes | None = None
    """Rows that an earlier attempt used, encoded; none if all rows were unused."""

    @property
    def redaction(self) -> str:
        """Identity of the redactor of the texts in training and certification."""
        return self.manifest.redaction

    @property
    def target(self) -> float:
        """Certified agreement with the teacher, as a fraction."""
        return self.certificate.target

    @property
    def vector_length(self) -> int | None:
        """Length of the vector that must come with each input; none without vectors."""
        return self.surrogate.vector_length

    @cached_property
    def costly(self) -> bool:
        """Whether a decision may take milliseconds: a transformer or an endpoint."""
        return self.surrogate.costly

    @cached_property
    def remote(self) -> bool:
        """Whether a decision may send a request to an embeddings endpoint."""
        return self.surrogate.remote

    @property
    def embedding_tokens(self) -> int:
        """Tokens that embeddings endpoints reported to this process."""
        return self.surrogate.tokens_used

    def decide(self, text: str) -> SurrogatePrediction:
        """Return the prediction for one text."""
        return self.surrogate.decide(text)

    def decide_all(self, texts: Sequence[str]) -> Sequence[SurrogatePrediction]:
        """Return the predictions for texts, bit for bit as if each were alone."""
        return self.surrogate.decide_all(texts)

    def require_text_only(self) -> None:
        """Check that the bundle can decide requests, which have no vectors.

        Raises:
            DocumentError: A vector must come with each input.
        """
        if self.vector_length:
            raise DocumentError(
                "the bundle was trained on vectors that come with the inputs, but a"
                " request has none; fit it with --embedder or --embedder-url instead"
            )

    def verify_golden(self) -> None:
        """Check that this machine reproduces the decisions of the training machine.

        The decisions must be equal to the last bit, except with a transformer or an
        endpoint: their results differ slightly between machines, and so can the scores.

        Raises:
            DocumentError: A decision differs; the bundle must not be served here.
        """
        tolerance = 0.0 if self.surrogate.deterministic else GOLDEN_TOLERANCE
        for number, expected in enumerate(self.golden, start=1):
            found = _golden_vector(self.surrogate, expected.input, expected.vector)
            if not _matches(found, expected, tolerance):
                raise DocumentError(
                    f"bundle self-check failed: golden vector"
                    f" {number}/{len(self.golden)} differs on this machine; refusing to"
                    " serve"
                )


def write_bundle(
    folder: Path,
    surrogate: Surrogate,
    certificate: Certificate,
    samples: Sequence[FeatureSample],
    redaction: str = StandardRedactor.identity,
    *,
    seen: bytes | None = None,
) -> BundleManifest:
    """Write a bundle to a new or empty folder and return its manifest.

    The manifest is written last.

    Args:
        folder: Folder of the bundle; must be empty or missing.
        surrogate: The surrogate.
        certificate: Its certificate.
        samples: Synthetic inputs of the golden vectors; never from traces.
        redaction: Identity of the redactor of the texts in training and certification.
        seen: Rows that an earlier attempt used, encoded.

    Raises:
        DocumentError: The folder is not empty.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise DocumentError(f"{folder} is not empty; a bundle is never overwritten")
    vectors = tuple(_golden_from_sample(surrogate, sample) for sample in samples)
    golden = _Golden(vectors=vectors)
    contents = {
        **write_surrogate(surrogate),
        _GOLDEN: golden.to_json(),
        _CERTIFICATE: certificate.to_json(),
    }
    if seen is not None:
        contents[_SEEN] = seen
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    files = {name: sha256_digest(content) for name, content in contents.items()}
    manifest = BundleManifest(
        version=_VERSION, task=certificate.task, redaction=redaction, files=files
    )
    (folder / _MANIFEST).write_bytes(manifest.to_json())
    return manifest


def load_bundle(folder: Path, expected_digest: str) -> BundlePredictor:
    """Read a bundle and verify the digest of each file.

    Raises:
        DocumentError: The manifest has another digest, or a file is missing, unknown,
            or changed.
    """
    manifest = _read_manifest(folder, expected_digest)
    contents = {name: _read_verified(folder, manifest, name) for name in manifest.files}
    return BundlePredictor(
        surrogate=read_surrogate(contents),
        manifest=manifest,
        certificate=Certificate.from_json(_require(contents, _CERTIFICATE)),
        golden=_Golden.from_json(_require(contents, _GOLDEN)).vectors,
        model=model_digest(
            {
                name: digest
                for name, digest in manifest.files.items()
                if name not in _OPTIONAL_FILES
            }
        ),
        seen=contents.get(_SEEN),
    )


def open_bundle(folder: Path) -> BundlePredictor:
    """Open the bundle in a folder, with any digest, and run its self-check.

    Raises:
        DocumentError: The bundle is missing or invalid, or the self-check failed.
    """
    try:
        manifest = (folder / _MANIFEST).read_bytes()
    except OSError as error:
        raise DocumentError(f"no bundle in {folder}: {error.strerror}") from error
    predictor = load_bundle(folder, sha256_digest(manifest))
    predictor.verify_golden()
    return predictor


def _read_manifest(folder: Path, expected_digest: str) -> BundleManifest:
    try:
        content = (folder / _MANIFEST).read_bytes()
        present = {path.name for path in folder.iterdir()}
    except OSError as error:
        raise DocumentError(f"no bundle in {folder}: {error.strerror}") from error
    if sha256_digest(content) != expected_digest:
        raise DocumentError(
            f"{folder}: the manifest has digest {sha256_digest(content)}, expected"
            f" {expected_digest}; download the bundle again"
        )
    manifest = BundleManifest.from_json(content)
    if manifest.version != _VERSION:
        raise DocumentError(
            f"{folder}: unsupported bundle format {manifest.version}, expected"
            f" {_VERSION}; use the version of the runtime that wrote the bundle"
        )
    difference = present ^ (manifest.files.keys() | {_MANIFEST})
    if difference:
        names = ", ".join(sorted(difference))
        raise DocumentError(f"{folder}: missing or unknown files: {names}")
    return manifest


def _read_verified(folder: Path, manifest: BundleManifest, name: str) -> bytes:
    if Path(name).name != name:
        raise DocumentError(f"{folder}: the file name {name!r} must not be a path")
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        raise DocumentError(f"{folder}/{name}: {error.strerror}") from error
    if sha256_digest(content) != manifest.files[name]:
        raise DocumentError(
            f"{folder}/{name} differs from the digest in the manifest; download the"
            " bundle again"
        )
    return content


def _require(contents: Mapping[str, bytes], name: str) -> bytes:
    if name not in contents:
        raise DocumentError(f"the bundle contains no {name}")
    return contents[name]


def _golden_from_sample(surrogate: Surrogate, sample: FeatureSample) -> GoldenVector:
    vector = None if sample.vector is None else tuple(sample.vector.tolist())
    return _golden_vector(surrogate, sample.text, vector)


def _golden_vector(
    surrogate: Surrogate, text: str, vector: tuple[float, ...] | None
) -> GoldenVector:
    prediction = surrogate.decide_sample(FeatureSample.from_text(text, vector))
    return GoldenVector(
        input=text,
        vector=vector,
        label=prediction.label,
        score=prediction.score,
        accepted=prediction.accepted,
    )


def _matches(found: GoldenVector, expected: GoldenVector, tolerance: float) -> bool:
    if not tolerance:
        return found == expected
    is_close = abs(found.score - expected.score) <= tolerance
    return is_close and found.label == expected.label
