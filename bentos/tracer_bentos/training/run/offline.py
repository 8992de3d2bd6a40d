"""An attempt on the files of one machine, with the code of the training Job."""

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
    """The terms of an attempt; other terms are another attempt."""

    target: float
    """Required agreement, as a fraction."""
    confidence: float
    """Confidence over all attempts together."""
    minimum: int = 100
    """Labeled rows that an attempt requires."""
    seed: int = 1
    """Seed of all random choices."""
    strict: bool = False
    """Whether each cell must reach the target in training."""
    encoders: tuple[str, ...] = ()
    """Identities of the encoders that the user named."""


class CellSummary(NamedTuple):
    """A summary of one certified cell."""

    name: str
    """Name of the cell: the answer, shortened to one line."""
    rows: int
    """Answered certify rows of the cell."""
    agreed: int
    """Answered rows that agree with the teacher."""
    terms: tuple[str, ...]
    """Words that are frequent in the cell and rare elsewhere."""


@dataclass(frozen=True, slots=True)
class OfflineAttempt:
    """The result of an attempt."""

    result: TrainingResult
    """The training result."""
    attempt: int
    """Number of the attempt in the ledger."""
    level: float
    """Error level of the attempt."""
    digest: str | None = None
    """Digest of the written bundle, if certified."""

    @property
    def cells(self) -> tuple[CellSummary, ...]:
        """Summaries of the certified cells, those with the most answers first.

        The words come from the TRAIN rows. They are shown to the user of `fit`, and
        are never written to the bundle.
        """
        certificate, train_rows = self.result.certificate, self.result.train_rows
        if certificate is None:
            return ()
        terms = top_terms(
            [r.text for r in train_rows], [r.label or "" for r in train_rows]
        )
        summaries = [
            CellSummary(name_cell(c.name), c.rows, c.agreed, terms.get(c.name, ()))
            for c in certificate.cells
        ]
        return tuple(sorted(summaries, key=lambda cell: (-cell.rows, cell.name)))


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
    """Raise an error if a folder is not empty, before an attempt is used.

    Raises:
        InputError: The folder is not empty.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(
            f"{out} is not an empty folder; a bundle is never replaced, so set another"
            " folder"
        )


def fit_traces(
    loaded: LoadedRows,
    terms: FitTerms,
    out: Path,
    encoders: Sequence[Encoder] = (),
    engine: ComputeEngine | None = None,
) -> OfflineAttempt:
    """Train on traces, and write the bundle if it is certified.

    Args:
        loaded: The traces.
        terms: The terms of the attempt.
        out: An empty or new folder.
        encoders: The encoders that `terms.encoders` identifies.
        engine: Computes the pieces; by default threads of this process.

    Raises:
        DocumentError: An encoder failed.
        EngineError: No worker is left.
        InputError: The folder is not empty.
        StoreError: The ledger of attempts cannot be written.
    """
    expect_empty(out)
    ledger = OfflineLedger()
    request = attempt_identity(loaded.rows.digest, terms, ALGORITHM_VERSION)
    attempt, used = ledger.open(loaded.rows, request, terms.confidence)
    rows = mark_used(loaded.rows, used)
    context = local_training_context(
        engine, encoders=encoders, dimensions=loaded.dimensions
    )
    result = train(_parameters(terms, attempt), rows, context)
    outcome = LedgerOutcome(tested=result.tested, chain_passed=result.chain_passed)
    ledger.close(attempt, outcome, result.train_rows)
    return OfflineAttempt(
        result, attempt.number, attempt.level, _write(result, rows, out)
    )


def _parameters(terms: FitTerms, attempt: LedgerAttempt) -> AttemptParameters:
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


def _write(result: TrainingResult, rows: RowSet, out: Path) -> str | None:
    if result.surrogate is None or result.certificate is None:
        return None
    samples = golden_samples(result.surrogate)
    used = encode_used_rows(rows.used)
    return write_bundle(
        out, result.surrogate, result.certificate, samples, seen=used
    ).digest
