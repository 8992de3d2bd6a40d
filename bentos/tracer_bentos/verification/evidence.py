"""What a certificate is verified with: the documents, the bundle, the traces again."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tracer_bentos.packaging.archive import read_bento
from tracer_bentos.packaging.bundle_io import Predictor, load_bundle
from tracer_bentos.redaction.redactor import Redactor, build_redactor
from tracer_bentos.segments import live_segments
from tracer_bentos.store import TraceStore, open_store
from tracer_bentos.training.reader import Fault, open_traces, read_lines, trace_files
from tracer_bentos.training.redacted import as_served
from tracer_bentos.training.rows import Row, RowSet, row_of, select_rows
from tracer_router.contracts import runtime
from tracer_router.contracts.certificate import CERTIFICATE_VERSION, Certificate
from tracer_router.contracts.document import digest_of
from tracer_router.contracts.layout import TRACES, segment_time
from tracer_router.contracts.redaction import Redaction
from tracer_router.contracts.training import AttemptRequest, AttemptResult
from tracer_router.errors import DocumentError, SpecError

__all__ = ["Traces", "open_bundle", "read_certificate", "read_traces"]

_RESULT = b'"outcome":'
_MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Traces:
    """The rows of a certificate's task, read as the attempt read them."""

    rows: RowSet
    """The rows."""
    faults: tuple[Fault, ...]
    """Lines that were left out."""


def read_certificate(path: Path) -> Certificate:
    """Read a certificate, or that in the result of a training attempt.

    Raises:
        DocumentError: There is none, or it is of another format.
    """
    content = _content(path)
    try:
        if _RESULT in content:
            found = AttemptResult.from_json(content).certificate
        else:
            found = Certificate.from_json(content)
    except DocumentError as error:
        raise DocumentError(
            f"{path}: {error}: name the certificate.json of a bundle or the result.json"
            " of an attempt"
        ) from None
    if found is None:
        raise DocumentError(f"{path}: the attempt was refused: nothing is certified")
    if found.version != CERTIFICATE_VERSION:
        raise DocumentError(
            f"{path}: format {found.version}, this code verifies {CERTIFICATE_VERSION}:"
            " use the version that made it"
        )
    return found


def open_bundle(path: Path, scratch: Path) -> Predictor:
    """Open the bundle in a folder or in an exported Bento.

    Raises:
        FileNotFoundError: There is none.
        DocumentError: It is not whole.
    """
    folder = read_bento(_content(path), scratch) if path.is_file() else path
    if not (folder / _MANIFEST).is_file():
        raise FileNotFoundError(
            f"no bundle at {path}: name a folder that fit wrote, or an exported Bento"
        )
    return load_bundle(folder, digest_of((folder / _MANIFEST).read_bytes()))


def read_traces(path: Path, certificate: Certificate) -> Traces:
    """Read the traces that a certificate is about, as its attempt read them.

    Raises:
        DocumentError: There are no traces, or none that can be read.
        StoreError: The folder is a store that cannot be read.
    """
    faults: list[Fault] = []
    sources = _segments(path) or [(str(f), f) for f in trace_files(path)]
    found = _rows(sources, _redactor(path, certificate), certificate, faults)
    rows = select_rows(found, certificate.task)
    if faults and not rows.rows and not rows.elsewhere:
        raise DocumentError(
            f"{faults[0].text}: no line is a trace: name what was learnt from"
        )
    return Traces(rows, tuple(faults))


def _segments(path: Path) -> list[tuple[str, Path]]:
    """Give the segments of a store, each record in one of them; none elsewhere."""
    root = path if (path / TRACES).is_dir() else path.parent
    if path.is_file() or not (root / TRACES).is_dir():
        return []
    return [(key, root / key) for key in live_segments(_store(root))]


def _store(root: Path) -> TraceStore:
    return open_store({runtime.STORE_URL: root.resolve().as_uri()})


def _rows(
    sources: list[tuple[str, Path]],
    redactor: Redactor,
    certificate: Certificate,
    faults: list[Fault],
) -> Iterator[Row]:
    until = certificate.rows.until
    for name, file in sources:
        sealed = _sealed(file.name)
        if until and sealed and sealed >= until:
            continue
        for found in read_lines(open_traces(file), name):
            if isinstance(found, Fault):
                faults.append(found)
            elif served := as_served(found, redactor):
                # What no segment says about its time, the record must.
                fallback = sealed if until else None
                row = row_of(served, fallback, unmarked=until is None)
                if sealed or until is None or (row.time and row.time < until):
                    yield row
            else:
                faults.append(Fault(name, 0, "redacted otherwise than the certified"))


def _sealed(name: str) -> datetime | None:
    try:
        return segment_time(name)
    except ValueError:
        return None


def _redactor(path: Path, certificate: Certificate) -> Redactor:
    """Give the redactor of the attempt; one that only knows its own traces if none."""
    wanted = certificate.rows.redaction
    for each in _candidates(path, wanted):
        try:
            found = build_redactor(each)
        except SpecError:
            continue  # not installed here: its own traces can still be read
        if found.identity == wanted:
            return found
    return _Known(wanted)


def _candidates(path: Path, wanted: str) -> Iterator[Redaction]:
    yield Redaction(redactor=wanted.partition("/")[0])
    # The store keeps the patterns of the user's beside its ledger.
    root = path.parent if path.name == TRACES.rstrip("/") else path
    for request in sorted((root / "attempts").glob("*/request.json")):
        yield AttemptRequest.from_json(request.read_bytes()).redaction


@dataclass(frozen=True, slots=True)
class _Known:
    """Stands for a redactor that is not at hand; traces that name it need it not."""

    identity: str

    def redact(self, text: str) -> str:
        raise DocumentError(
            f"a trace that says nothing of its redactor, of {len(text)} characters:"
            f" {self.identity} is not at hand to redact it; name the whole store"
        )


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileNotFoundError(f"{path}: {error.strerror}") from error
