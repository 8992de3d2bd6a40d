"""A bundle on disk: arrays and JSON, addressed by content, verified before use.

Nothing in a bundle is ever executed or unpickled, and no file is read that the manifest
does not vouch for.
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
from tracer_core.contracts.bundle import BundleManifest, GoldenVector
from tracer_core.contracts.certificate import Certificate
from tracer_core.contracts.document import Document, sha256_digest
from tracer_core.errors import DocumentError

__all__ = ["BundlePredictor", "load_bundle", "open_bundle", "write_bundle"]

_VERSION = 2
_MANIFEST = "manifest.json"
_GOLDEN = "golden.json"
_CERTIFICATE = "certificate.json"
_SEEN = "seen.bin"
_OPTIONAL_FILES = frozenset({_GOLDEN, _CERTIFICATE, _SEEN})
"""Files that decide nothing."""


class _Golden(Document):
    vectors: tuple[GoldenVector, ...] = Field(min_length=1)


@dataclass(frozen=True)
class BundlePredictor:
    """A verified bundle, ready to decide."""

    surrogate: Surrogate
    """What decides."""
    manifest: BundleManifest
    """What was loaded."""
    certificate: Certificate
    """What is claimed of it."""
    golden: tuple[GoldenVector, ...]
    """Decisions that it must reproduce."""
    model: str = ""
    """Digest of the files that decide."""
    seen: bytes | None = None
    """Which of the rows had been looked at before; none where all were fresh."""

    @property
    def redaction(self) -> str:
        """Identity of the redactor of the texts that it was certified on."""
        return self.manifest.redaction

    @property
    def target(self) -> float:
        """Agreement that is claimed of it."""
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
        """Decide about one text."""
        return self.surrogate.decide(text)

    def decide_all(self, texts: Sequence[str]) -> Sequence[SurrogatePrediction]:
        """Decide about many texts, each exactly as if it came alone."""
        return self.surrogate.decide_all(texts)

    def require_text_only(self) -> None:
        """Check that a request, which is a text and nothing else, can be decided.

        Raises:
            DocumentError: Vectors must come with the inputs; no request has one.
        """
        if self.vector_length:
            raise DocumentError(
                "the bundle was trained on vectors that come with the inputs, and a"
                " request has none: fit it with --embedder or --embedder-url instead"
            )

    def verify_golden(self) -> None:
        """Check that this machine decides as the trainer's did.

        To the last bit, unless a transformer or an endpoint is asked: their arithmetic
        differs between machines by a little, and so may the scores.

        Raises:
            DocumentError: A decision differs; the bundle must not be served here.
        """
        tolerance = 0.0 if self.surrogate.deterministic else GOLDEN_TOLERANCE
        for number, vector in enumerate(self.golden, start=1):
            found = _golden(self.surrogate, vector.input, vector.vector)
            if not _same(found, vector, tolerance):
                raise DocumentError(
                    f"golden vector {number} of {len(self.golden)} is decided otherwise"
                    " here than where the bundle was trained: it must not be served"
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
    """Write a bundle into a new or empty folder; the manifest comes last.

    Args:
        folder: Where to; must hold nothing.
        surrogate: What decides.
        certificate: What is claimed of it.
        samples: Synthetic inputs of the golden vectors; never from traces.
        redaction: Identity of the redactor of the texts it was certified on.
        seen: Which of the rows had been looked at before.

    Raises:
        DocumentError: The folder holds something already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise DocumentError(f"{folder} is not empty: a bundle is never overwritten")
    golden = _Golden(vectors=tuple(_golden_of(surrogate, each) for each in samples))
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
    """Read a bundle after checking every digest.

    Raises:
        DocumentError: It is not that bundle, is incomplete, or holds something else.
    """
    manifest = _manifest(folder, expected_digest)
    contents = {name: _verified(folder, manifest, name) for name in manifest.files}
    return BundlePredictor(
        surrogate=read_surrogate(contents),
        manifest=manifest,
        certificate=Certificate.from_json(_held(contents, _CERTIFICATE)),
        golden=_Golden.from_json(_held(contents, _GOLDEN)).vectors,
        model=model_digest(
            {n: d for n, d in manifest.files.items() if n not in _OPTIONAL_FILES}
        ),
        seen=contents.get(_SEEN),
    )


def open_bundle(folder: Path) -> BundlePredictor:
    """Open whichever bundle is in a folder, and see that it decides as it should.

    Raises:
        DocumentError: There is no whole bundle, or it decides otherwise here.
    """
    try:
        manifest = (folder / _MANIFEST).read_bytes()
    except OSError as error:
        raise DocumentError(f"no bundle in {folder}: {error.strerror}") from error
    predictor = load_bundle(folder, sha256_digest(manifest))
    predictor.verify_golden()
    return predictor


def _manifest(folder: Path, expected_digest: str) -> BundleManifest:
    try:
        content = (folder / _MANIFEST).read_bytes()
        present = {path.name for path in folder.iterdir()}
    except OSError as error:
        raise DocumentError(f"no bundle in {folder}: {error.strerror}") from error
    if sha256_digest(content) != expected_digest:
        raise DocumentError(
            f"{folder}: the manifest is {sha256_digest(content)}, not {expected_digest}"
        )
    manifest = BundleManifest.from_json(content)
    if manifest.version != _VERSION:
        raise DocumentError(f"{folder}: a bundle format that this code does not know")
    if present != manifest.files.keys() | {_MANIFEST}:
        odd = ", ".join(sorted(present ^ (manifest.files.keys() | {_MANIFEST})))
        raise DocumentError(f"{folder}: missing or unknown files: {odd}")
    return manifest


def _verified(folder: Path, manifest: BundleManifest, name: str) -> bytes:
    if Path(name).name != name:
        raise DocumentError(f"{folder}: a file name that is a path: {name!r}")
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        raise DocumentError(f"{folder}/{name}: {error.strerror}") from error
    if sha256_digest(content) != manifest.files[name]:
        raise DocumentError(f"{folder}/{name} is not what the manifest vouches for")
    return content


def _held(contents: Mapping[str, bytes], name: str) -> bytes:
    if name not in contents:
        raise DocumentError(f"the bundle holds no {name}")
    return contents[name]


def _golden_of(surrogate: Surrogate, sample: FeatureSample) -> GoldenVector:
    vector = None if sample.vector is None else tuple(sample.vector.tolist())
    return _golden(surrogate, sample.text, vector)


def _golden(
    surrogate: Surrogate, text: str, vector: tuple[float, ...] | None
) -> GoldenVector:
    found = surrogate.decide_sample(FeatureSample.from_text(text, vector))
    return GoldenVector(
        input=text,
        vector=vector,
        label=found.label,
        score=found.score,
        accepted=found.accepted,
    )


def _same(found: GoldenVector, wanted: GoldenVector, tolerance: float) -> bool:
    if not tolerance:
        return found == wanted
    near = abs(found.score - wanted.score) <= tolerance
    return near and found.label == wanted.label
