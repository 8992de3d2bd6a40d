"""Evidence for a verification: the certificate, the bundle, and the traces."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tracer_bentos.bundle.archive import read_bento
from tracer_bentos.bundle.bundle import BundlePredictor, load_bundle
from tracer_bentos.redaction.redactor import Redactor, build_redactor
from tracer_bentos.store import open_store
from tracer_bentos.training.data.reader import LineFault
from tracer_bentos.training.data.redaction_filter import served_lines
from tracer_bentos.training.data.rows import Row, RowSet, build_row, select_rows
from tracer_bentos.training.data.sources import find_sources
from tracer_bentos.training.run.load_rows import load_rows
from tracer_core.contracts.certificate import CERTIFICATE_VERSION, Certificate
from tracer_core.contracts.document import sha256_digest
from tracer_core.contracts.redaction import Redaction
from tracer_core.contracts.runtime_config import StoreConfig
from tracer_core.contracts.store.layout import TRACES, segment_time
from tracer_core.contracts.training import AttemptRequest, AttemptResult
from tracer_core.errors import DocumentError, InputError, SpecError

__all__ = ["VerificationTraces", "open_bundle", "read_certificate", "read_traces"]

_RESULT = b'"outcome":'
_MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class VerificationTraces:
    """The rows of the task of a certificate, read as the attempt read them."""

    rows: RowSet
    """The rows."""
    faults: tuple[LineFault, ...]
    """Lines that were skipped."""


def read_certificate(path: Path) -> Certificate:
    """Read a certificate, or the certificate in the result of a training attempt.

    Raises:
        InputError: The file contains no certificate, or has another format.
    """
    content = _content(path)
    try:
        if _RESULT in content:
            certificate = AttemptResult.from_json(content).certificate
        else:
            certificate = Certificate.from_json(content)
    except DocumentError as error:
        raise InputError(
            f"{path}: {error}; name the certificate.json of a bundle or the result.json"
            " of an attempt"
        ) from None
    if certificate is None:
        raise InputError(f"{path}: the attempt was refused, so it has no certificate")
    if certificate.version != CERTIFICATE_VERSION:
        raise InputError(
            f"{path}: unsupported certificate format {certificate.version}, expected"
            f" {CERTIFICATE_VERSION}; use the version that wrote it"
        )
    return certificate


def open_bundle(path: Path, scratch: Path) -> BundlePredictor:
    """Open the bundle in a folder or in an exported Bento.

    Args:
        path: The folder or the file.
        scratch: An empty folder for temporary files.

    Raises:
        InputError: The path contains no bundle.
        DocumentError: The bundle is invalid.
    """
    folder = read_bento(_content(path), scratch) if path.is_file() else path
    if not (folder / _MANIFEST).is_file():
        raise InputError(
            f"no bundle at {path}; name a folder that fit wrote, or an exported Bento"
        )
    return load_bundle(folder, sha256_digest((folder / _MANIFEST).read_bytes()))


def read_traces(
    named: str, certificate: Certificate, vectors: Path | None = None
) -> VerificationTraces:
    """Read the traces of a certificate as its attempt read them.

    Args:
        named: A file, a folder, or the URL of a store.
        certificate: The certificate, which states how they were read.
        vectors: File of embeddings: row i belongs to line i of the traces.

    Raises:
        InputError: There are no traces, or none is readable.
        StoreError: The store did not respond.
    """
    if certificate.rows.until is None:
        loaded = load_rows(named, vectors)
        _require_vectors(certificate, loaded.dimensions)
        return VerificationTraces(loaded.rows, loaded.faults)
    faults: list[LineFault] = []
    sealed = _sealed_rows(named, certificate, certificate.rows.until, faults)
    rows = select_rows(sealed, certificate.task)
    if faults and not rows.rows and not rows.other_tasks:
        raise InputError(f"{faults[0].text}; no line is a trace; name the store")
    return VerificationTraces(rows, tuple(faults))


def _require_vectors(certificate: Certificate, length: int | None) -> None:
    expected = certificate.rows.vectors
    if expected and length != expected:
        raise InputError(
            f"the traces of the certificate have vectors of {expected} numbers, but"
            f" these have {length or 'none'}; pass the same file with --vectors"
        )


def _sealed_rows(
    named: str, certificate: Certificate, until: datetime, faults: list[LineFault]
) -> Iterator[Row]:
    root = _root(named)
    sources = find_sources(root)
    redactor = _find_redactor(root, certificate.rows.redaction)
    for source in sources:
        sealed = source.sealed or _sealed(source.name)
        if sealed and sealed >= until:
            continue
        for _, record in served_lines(source.open(), source.name, redactor):
            if isinstance(record, LineFault):
                faults.append(record)
                continue
            # Without the time in the name of a segment, that of the record decides.
            row = build_row(record, sealed, unmarked=False)
            if sealed or (row.time and row.time < until):
                yield row


def _root(named: str) -> str:
    """Return the store of a folder of segments, which lists the replaced segments."""
    folder = Path(named)
    if "://" in named or folder.name != TRACES.rstrip("/"):
        return named
    segments = any(_sealed(path.name) for path in folder.rglob("*.jsonl.zst"))
    return str(folder.parent) if segments else named


def _sealed(name: str) -> datetime | None:
    try:
        return segment_time(name)
    except ValueError:
        return None


def _find_redactor(root: str, identity: str) -> Redactor:
    """Return the redactor of the attempt.

    If it is not available, the result accepts only traces that it redacted before.
    """
    for redaction in _candidates(root, identity):
        try:
            redactor = build_redactor(redaction)
        except SpecError:
            continue  # not installed; traces that it redacted can still be read
        if redactor.identity == identity:
            return redactor
    return _RecordedRedactor(identity)


def _candidates(root: str, identity: str) -> Iterator[Redaction]:
    yield Redaction(redactor=identity.partition("/")[0])
    # The requests of attempts in the store contain the patterns of the user.
    if "://" not in root and not Path(root).is_dir():
        return
    url = root if "://" in root else Path(root).resolve().as_uri()
    store = open_store(StoreConfig.from_environment(url, os.environ))
    for key in store.list("attempts/"):
        if key.endswith("/request.json"):
            yield AttemptRequest.from_json(store.read(key)).redaction


@dataclass(frozen=True, slots=True)
class _RecordedRedactor:
    """Replaces an unavailable redactor for traces that it redacted before."""

    identity: str

    def redact(self, text: str) -> str:
        raise InputError(
            f"a trace of {len(text)} characters does not state its redactor, and"
            f" {self.identity} is not available to redact it; name the whole store"
        )


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
