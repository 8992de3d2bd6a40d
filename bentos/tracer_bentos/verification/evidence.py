"""What a certificate is verified with: the documents, the bundle, the traces again."""

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
from tracer_core.contracts.layout import TRACES, segment_time
from tracer_core.contracts.redaction import Redaction
from tracer_core.contracts.runtime_config import StoreConfig
from tracer_core.contracts.training import AttemptRequest, AttemptResult
from tracer_core.errors import DocumentError, InputError, SpecError

__all__ = ["VerificationTraces", "open_bundle", "read_certificate", "read_traces"]

_RESULT = b'"outcome":'
_MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class VerificationTraces:
    """The rows of a certificate's task, read as the attempt read them."""

    rows: RowSet
    """The rows."""
    faults: tuple[LineFault, ...]
    """Lines that were left out."""


def read_certificate(path: Path) -> Certificate:
    """Read a certificate, or that in the result of a training attempt.

    Raises:
        InputError: There is none, or it is of another format.
    """
    content = _content(path)
    try:
        if _RESULT in content:
            found = AttemptResult.from_json(content).certificate
        else:
            found = Certificate.from_json(content)
    except DocumentError as error:
        raise InputError(
            f"{path}: {error}: name the certificate.json of a bundle or the result.json"
            " of an attempt"
        ) from None
    if found is None:
        raise InputError(f"{path}: the attempt was refused: nothing is certified")
    if found.version != CERTIFICATE_VERSION:
        raise InputError(
            f"{path}: format {found.version}, this code verifies {CERTIFICATE_VERSION}:"
            " use the version that made it"
        )
    return found


def open_bundle(path: Path, scratch: Path) -> BundlePredictor:
    """Open the bundle in a folder or in an exported Bento.

    Raises:
        InputError: There is none.
        DocumentError: It is not whole.
    """
    folder = read_bento(_content(path), scratch) if path.is_file() else path
    if not (folder / _MANIFEST).is_file():
        raise InputError(
            f"no bundle at {path}: name a folder that fit wrote, or an exported Bento"
        )
    return load_bundle(folder, sha256_digest((folder / _MANIFEST).read_bytes()))


def read_traces(
    named: str, certificate: Certificate, vectors: Path | None = None
) -> VerificationTraces:
    """Read the traces that a certificate is about, as its attempt read them.

    Args:
        named: A file, a folder, or the URL of a store.
        certificate: What says how they were read.
        vectors: A file of embeddings, row by row as the lines of the traces.

    Raises:
        InputError: There are no traces, or none that can be read.
        StoreError: The store did not answer.
    """
    if certificate.rows.until is None:
        gathered = load_rows(named, vectors)
        _expect_vectors(certificate, gathered.dimensions)
        return VerificationTraces(gathered.rows, gathered.faults)
    faults: list[LineFault] = []
    found = _sealed_rows(named, certificate, certificate.rows.until, faults)
    rows = select_rows(found, certificate.task)
    if faults and not rows.rows and not rows.elsewhere:
        raise InputError(f"{faults[0].text}: no line is a trace: name the store")
    return VerificationTraces(rows, tuple(faults))


def _expect_vectors(certificate: Certificate, found: int | None) -> None:
    wanted = certificate.rows.vectors
    if wanted and found != wanted:
        raise InputError(
            f"the certificate is about traces with vectors of {wanted} numbers, these"
            f" have {found or 'none'}: name the same file by --vectors"
        )


def _sealed_rows(
    named: str, certificate: Certificate, until: datetime, faults: list[LineFault]
) -> Iterator[Row]:
    root = _root(named)
    sources = find_sources(root)
    redactor = _redactor(root, certificate.rows.redaction)
    for source in sources:
        sealed = source.sealed or _sealed(source.name)
        if sealed and sealed >= until:
            continue
        for _, found in served_lines(source.open(), source.name, redactor):
            if isinstance(found, LineFault):
                faults.append(found)
                continue
            # What no segment says about its time, the record must.
            row = build_row(found, sealed, unmarked=False)
            if sealed or (row.time and row.time < until):
                yield row


def _root(named: str) -> str:
    """Give the store of a folder of segments: it says which of them are replaced."""
    folder = Path(named)
    if "://" in named or folder.name != TRACES.rstrip("/"):
        return named
    segments = any(_sealed(each.name) for each in folder.rglob("*.jsonl.zst"))
    return str(folder.parent) if segments else named


def _sealed(name: str) -> datetime | None:
    try:
        return segment_time(name)
    except ValueError:
        return None


def _redactor(root: str, wanted: str) -> Redactor:
    """Give the redactor of the attempt; one that only knows its own traces if none."""
    for each in _candidates(root, wanted):
        try:
            found = build_redactor(each)
        except SpecError:
            continue  # not installed here: its own traces can still be read
        if found.identity == wanted:
            return found
    return _RecordedRedactor(wanted)


def _candidates(root: str, wanted: str) -> Iterator[Redaction]:
    yield Redaction(redactor=wanted.partition("/")[0])
    # The store keeps the patterns of the user's beside its ledger.
    if "://" not in root and not Path(root).is_dir():
        return
    url = root if "://" in root else Path(root).resolve().as_uri()
    store = open_store(StoreConfig.from_environment(url, os.environ))
    for key in store.list("attempts/"):
        if key.endswith("/request.json"):
            yield AttemptRequest.from_json(store.read(key)).redaction


@dataclass(frozen=True, slots=True)
class _RecordedRedactor:
    """Stands for a redactor that is not at hand; traces that name it need it not."""

    identity: str

    def redact(self, text: str) -> str:
        raise InputError(
            f"a trace that says nothing of its redactor, of {len(text)} characters:"
            f" {self.identity} is not at hand to redact it; name the whole store"
        )


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
