"""An attempt on files of one machine, with the code of the training Job."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tracer_bentos.packaging.bundle_io import Predictor, load_bundle, write_bundle
from tracer_bentos.redaction.standard import Standard
from tracer_bentos.training.code_identity import code_identity
from tracer_bentos.training.golden import golden_samples
from tracer_bentos.training.means import local_means
from tracer_bentos.training.offline_ledger import Attempt, OfflineLedger, Outcome
from tracer_bentos.training.pipeline import Learned, learn
from tracer_bentos.training.question import Question
from tracer_bentos.training.reader import Fault, open_traces, read_lines, trace_files
from tracer_bentos.training.redacted import as_served
from tracer_bentos.training.row_names import mark_seen
from tracer_bentos.training.rows import Row, RowSet, row_of, select_rows
from tracer_bentos.training.seen_rows import list_seen
from tracer_router.contracts.document import digest_of
from tracer_router.errors import DocumentError

__all__ = ["Terms", "fit_traces", "open_bundle"]


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked."""

    target: float
    """Agreement asked for, as a fraction."""
    confidence: float
    """Confidence over all attempts together."""
    minimum: int = 100
    """Labelled rows without which nothing is tried."""
    seed: int = 1
    """Seed of everything random."""


def fit_traces(path: Path, terms: Terms, out: Path) -> tuple[Learned, list[Fault]]:
    """Learn from a file or folder; write the bundle when certified.

    Raises:
        DocumentError: There are no traces, or the folder holds something already.
        StoreError: The ledger of attempts cannot be kept.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        # Said before the rows are tested, not after an attempt is spent.
        raise DocumentError(f"{out} is not an empty folder: a bundle is never replaced")
    faults: list[Fault] = []
    rows = select_rows(_rows(path, faults))
    ledger = OfflineLedger()
    attempt, seen = ledger.enter(rows, _request(rows, terms), terms.confidence)
    rows = mark_seen(rows, seen)
    learned = learn(_question(terms, attempt), rows, local_means())
    ended = Outcome(tested=learned.tested, chain_passed=learned.chain_passed)
    ledger.close(attempt, ended, learned.learnt)
    if learned.surrogate is not None and learned.certificate is not None:
        samples = golden_samples(learned.surrogate)
        told = list_seen(rows.seen)
        write_bundle(out, learned.surrogate, learned.certificate, samples, seen=told)
    return learned, faults


def open_bundle(folder: Path) -> Predictor:
    """Open the bundle in a folder, every file checked against its manifest.

    Raises:
        DocumentError: There is no whole bundle in the folder.
    """
    try:
        manifest = (folder / "manifest.json").read_bytes()
    except OSError as error:
        raise DocumentError(f"no bundle in {folder}: {error.strerror}") from error
    predictor = load_bundle(folder, digest_of(manifest))
    predictor.verify_golden()
    return predictor


def _request(rows: RowSet, terms: Terms) -> str:
    # With other code the same rows would be tested by another policy: a second look.
    stated = (rows.digest, repr(terms), code_identity().digest)
    return digest_of("\n".join(stated).encode())


def _question(terms: Terms, attempt: Attempt) -> Question:
    return Question(
        attempt=attempt.number,
        target=terms.target,
        confidence=terms.confidence,
        level=attempt.level,
        minimum=terms.minimum,
        seed=terms.seed,
        after=attempt.after,
        budget=attempt.budget,
    )


def _rows(path: Path, faults: list[Fault]) -> Iterator[Row]:
    redactor = Standard()
    for file in trace_files(path):
        for found in read_lines(open_traces(file), file.name):
            if isinstance(found, Fault):
                faults.append(found)
            elif record := as_served(found, redactor):
                yield row_of(record, None, unmarked=True)
            else:
                faults.append(
                    Fault(file.name, 0, "redacted otherwise than serving does")
                )
