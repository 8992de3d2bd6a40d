"""An attempt on files of one machine, with the code of the training Job."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tracer_bentos.bundle.bundle import write_bundle
from tracer_bentos.surrogate.base.encoder import Encoder
from tracer_bentos.training.certify.provenance import ALGORITHM_VERSION
from tracer_bentos.training.data.attempt_spec import AttemptParameters
from tracer_bentos.training.data.rows import RowSet, mark_used
from tracer_bentos.training.data.used_rows import encode_used_rows
from tracer_bentos.training.engine.engine import ComputeEngine
from tracer_bentos.training.fit.cells import name_cell, top_terms
from tracer_bentos.training.fit.golden import golden_samples
from tracer_bentos.training.fit.training_context import local_training_context
from tracer_bentos.training.ledger.offline_ledger import (
    LedgerAttempt,
    LedgerOutcome,
    OfflineLedger,
)
from tracer_bentos.training.run.load_rows import LoadedRows
from tracer_bentos.training.run.pipeline import TrainingResult, train
from tracer_core.contracts.document import sha256_digest
from tracer_core.errors import InputError

__all__ = [
    "CellSummary",
    "FitTerms",
    "OfflineAttempt",
    "attempt_identity",
    "expect_empty",
    "fit_traces",
]

_IDENTITY_VERSION = 1
"""Version of the document that identifies an attempt."""


@dataclass(frozen=True, slots=True)
class FitTerms:
    """What is asked; each other set of them is an attempt of its own."""

    target: float
    """Agreement asked for, as a fraction."""
    confidence: float
    """Confidence over all attempts together."""
    minimum: int = 100
    """Labelled rows without which nothing is tried."""
    seed: int = 1
    """Seed of everything random."""
    strict: bool = False
    """Whether every cell must reach the target by itself in training."""
    encoders: tuple[str, ...] = ()
    """The encoders that the user named, by what tells them apart."""


class CellSummary(NamedTuple):
    """One certified cell for people."""

    name: str
    """Its name: the answer, in one line and not too long."""
    rows: int
    """Certify rows of it that are answered."""
    agreed: int
    """Of those, how many matched the teacher."""
    terms: tuple[str, ...]
    """Words that are frequent in it and rare elsewhere."""


@dataclass(frozen=True, slots=True)
class OfflineAttempt:
    """How an attempt ended."""

    learned: TrainingResult
    """The outcome."""
    attempt: int
    """Its number in the ledger."""
    level: float
    """Error level that it was given."""
    digest: str | None = None
    """Digest of the bundle that was written, when certified."""

    @property
    def cells(self) -> tuple[CellSummary, ...]:
        """Give the certified cells as a person reads them, those answered most first.

        Words are of the rows learnt from and go to whoever fits, never into the bundle.
        """
        held, learnt = self.learned.certificate, self.learned.learnt
        if held is None:
            return ()
        terms = top_terms([r.text for r in learnt], [r.label or "" for r in learnt])
        found = [
            CellSummary(name_cell(c.name), c.rows, c.agreed, terms.get(c.name, ()))
            for c in held.cells
        ]
        return tuple(sorted(found, key=lambda cell: (-cell.rows, cell.name)))


def attempt_identity(rows: str, terms: FitTerms, algorithm: int) -> str:
    """Return the identity of an attempt: a digest of everything that it depends on.

    The same identity is the same attempt, which uses no error budget again. Another
    algorithm tests the same rows with another policy, so it is another attempt. The
    digest is of a JSON document with explicit names, so it does not depend on names in
    the code. If the document changes, raise `_IDENTITY_VERSION`: an attempt of an
    earlier version then counts as another attempt.

    Args:
        rows: Digest of the rows.
        terms: The terms of the attempt.
        algorithm: Version of the algorithm.
    """
    document = {
        "version": _IDENTITY_VERSION,
        "algorithm": algorithm,
        "rows": rows,
        "target": terms.target,
        "confidence": terms.confidence,
        "minimum": terms.minimum,
        "seed": terms.seed,
        "strict": terms.strict,
        "encoders": list(terms.encoders),
    }
    content = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return sha256_digest(content.encode())


def expect_empty(out: Path) -> None:
    """Check that a bundle can be written to a folder, before an attempt is spent.

    Raises:
        InputError: It holds something already.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} is not an empty folder: a bundle is never replaced")


def fit_traces(
    gathered: LoadedRows,
    terms: FitTerms,
    out: Path,
    encoders: Sequence[Encoder] = (),
    engine: ComputeEngine | None = None,
) -> OfflineAttempt:
    """Learn from traces; write the bundle when certified.

    Args:
        gathered: The traces.
        terms: What is asked.
        out: An empty or new folder.
        encoders: What `terms.encoders` names.
        engine: Where pieces are computed; threads of this process when absent.

    Raises:
        DocumentError: An encoder failed.
        EngineError: Nobody is left to compute.
        InputError: The folder holds something already.
        StoreError: The ledger of attempts cannot be kept.
    """
    expect_empty(out)
    ledger = OfflineLedger()
    request = attempt_identity(gathered.rows.digest, terms, ALGORITHM_VERSION)
    attempt, seen = ledger.open(gathered.rows, request, terms.confidence)
    rows = mark_used(gathered.rows, seen)
    means = local_training_context(
        engine, encoders=encoders, dimensions=gathered.dimensions
    )
    learned = train(_question(terms, attempt), rows, means)
    ended = LedgerOutcome(tested=learned.tested, chain_passed=learned.chain_passed)
    ledger.close(attempt, ended, learned.learnt)
    return OfflineAttempt(
        learned, attempt.number, attempt.level, _write(learned, rows, out)
    )


def _question(terms: FitTerms, attempt: LedgerAttempt) -> AttemptParameters:
    return AttemptParameters(
        attempt=attempt.number,
        target=terms.target,
        confidence=terms.confidence,
        level=attempt.level,
        minimum=terms.minimum,
        seed=terms.seed,
        after=attempt.after,
        strict=terms.strict,
        budget=attempt.budget,
    )


def _write(learned: TrainingResult, rows: RowSet, out: Path) -> str | None:
    if learned.surrogate is None or learned.certificate is None:
        return None
    samples = golden_samples(learned.surrogate)
    told = encode_used_rows(rows.seen)
    return write_bundle(
        out, learned.surrogate, learned.certificate, samples, seen=told
    ).digest
