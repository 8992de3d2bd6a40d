"""One attempt, from the traces of the store to a result that is written once."""

import json
import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from tracer_bentos.bundle.bento import build_bento
from tracer_bentos.bundle.bundle import write_bundle
from tracer_bentos.redaction.redactor import Redactor, build_redactor
from tracer_bentos.store import TraceStore, open_store
from tracer_bentos.training.data.attempt_spec import AttemptParameters
from tracer_bentos.training.data.reader import LineFault, read_segment
from tracer_bentos.training.data.redaction_filter import redact_as_served
from tracer_bentos.training.data.rows import Row, RowSet, build_row, select_rows
from tracer_bentos.training.engine.engine import ComputeEngine
from tracer_bentos.training.fit.golden import golden_samples
from tracer_bentos.training.fit.named_encoders import open_embedder
from tracer_bentos.training.fit.training_context import local_training_context
from tracer_bentos.training.ledger.ledger import (
    LedgerPosition,
    find_result,
    fixed_segments,
    open_attempt,
    read_result,
)
from tracer_bentos.training.run.pipeline import TrainingResult, train
from tracer_core.contracts import runtime
from tracer_core.contracts.document import sha256_digest
from tracer_core.contracts.runtime_config import RuntimeConfig
from tracer_core.contracts.store.layout import attempt_key, bento_key, segment_time
from tracer_core.contracts.training import (
    AttemptOutcome,
    AttemptRequest,
    AttemptResult,
    TrainingSummary,
)
from tracer_core.errors import TracerRouterError

__all__ = ["run_attempt", "run_requested_attempt", "summarize"]

_NAMED_FAULTS = 20
"""Largest number of faults that the result lists."""
_SUMMARIZED_FAULTS = 3
"""Largest number of faults that the termination message lists."""
_TERMINATION_LOG = "/dev/termination-log"

_log = logging.getLogger("tracer_bentos.training")


def run_attempt(
    store: TraceStore,
    request: AttemptRequest,
    engine: ComputeEngine | None = None,
    folder: Path | None = None,
) -> AttemptResult:
    """Return the result of an attempt; run the attempt if the store has no result.

    Args:
        store: The part of the store that belongs to the router.
        request: The terms of the attempt.
        engine: Computes the pieces; by default threads of this process.
        folder: Where the ONNX folder is mounted that the request can name.

    Raises:
        StoreError: The store did not answer; a retry starts again with the same rows.
        EngineError: No worker is left; a retry uses no error budget.
        EmbeddingsError: The endpoint returns no embedding. If it returned none from the
            start, the attempt is not in the ledger and has examined no row.
        InputError: The ONNX folder cannot be used; nothing is in the ledger.
    """
    known = find_result(store, request)
    if known is not None:
        return known
    encoders = open_embedder(request.embedder, folder)
    position = open_attempt(store, request)
    redactor = build_redactor(request.redaction)
    segments = fixed_segments(store, request, position.number)
    rows, faults = _read(store, segments, redactor, request.task)
    _quarantine(store, position.number, faults)
    context = local_training_context(engine, encoders)
    trained = train(_parameters(request, position), rows, context)
    result = _result(store, request, position, (rows, trained, faults))
    store.create(attempt_key(position.number, "result.json"), result.to_json())
    # Another pod of the Job can have written first; the stored result is the valid one.
    return read_result(store, position.number) or result


def summarize(result: AttemptResult) -> TrainingSummary:
    """Return the summary for the operator: figures, never the text of a row."""
    certificate = result.certificate
    return TrainingSummary(
        attempt=result.attempt,
        request=result.request,
        outcome=result.outcome,
        reason=result.reason[:500],
        rows=result.rows,
        quarantined=result.quarantined,
        quarantine=tuple(
            fault[:200] for fault in result.quarantine[:_SUMMARIZED_FAULTS]
        ),
        result=sha256_digest(result.to_json()),
        task=certificate.task if certificate else None,
        bundle=result.bundle,
        bento=result.bento,
        bento_key=result.bento_key,
        target=certificate.target if certificate else None,
        confidence=certificate.confidence if certificate else None,
        level=result.level,
        n=certificate.n if certificate else None,
        k=certificate.k if certificate else None,
        m=certificate.m if certificate else None,
        coverage=certificate.coverage if certificate else None,
    )


def run_requested_attempt(engine: ComputeEngine | None = None) -> int:
    """Run the attempt of the mounted request and return the exit code.

    A refusal is a result, with exit code 0. Exit code 1 means that a retry is possible.
    A retry uses no error budget: it returns a result that is already written.

    Args:
        engine: Computes the pieces; by default threads of this process.
    """
    try:
        content = Path(os.environ[runtime.ATTEMPT_FILE]).read_bytes()
        request = AttemptRequest.from_json(content)
        config = RuntimeConfig.from_environment(os.environ)
        store, folder = open_store(config.traces.store), config.embedder.folder
        result = run_attempt(store, request, engine, folder)
        summary = summarize(result).to_json()
        Path(os.environ.get("TERMINATION_LOG", _TERMINATION_LOG)).write_bytes(summary)
    except (KeyError, OSError, TracerRouterError) as error:
        _log.error("attempt failed: %s", error)
        return 1
    _log.info("attempt %d: %s: %s", result.attempt, result.outcome, result.reason)
    return 0


def _parameters(request: AttemptRequest, position: LedgerPosition) -> AttemptParameters:
    return AttemptParameters(
        attempt=position.number,
        target=request.target,
        confidence=request.confidence,
        level=position.level,
        minimum=request.minimum,
        seed=request.seed,
        after=position.after,
        budget=position.budget,
        redaction=build_redactor(request.redaction).identity,
        until=request.until,
    )


def _read(
    store: TraceStore,
    segments: Sequence[str],
    redactor: Redactor,
    task: str | None,
) -> tuple[RowSet, list[LineFault]]:
    faults: list[LineFault] = []

    def rows() -> Iterator[Row]:
        for key in segments:
            for found in _segment(store, key, redactor):
                if isinstance(found, LineFault):
                    faults.append(found)
                else:
                    yield found

    return select_rows(rows(), task), faults


def _segment(
    store: TraceStore, key: str, redactor: Redactor
) -> Iterator[Row | LineFault]:
    try:
        content = store.read(key)
    except FileNotFoundError:
        yield LineFault(key, 0, "the segment is not in the store anymore")
        return
    other_redactor: list[int] = []
    for number, found in read_segment(content, key):
        if isinstance(found, LineFault):
            yield found
        elif record := redact_as_served(found, redactor):
            yield build_row(record, segment_time(key), unmarked=False)
        else:
            other_redactor.append(number)
    if other_redactor:
        count = len(other_redactor)
        reason = (
            f"{count} texts from this line on were redacted by another redactor than"
            f" {redactor.identity}"
        )
        yield LineFault(key, other_redactor[0], reason)


def _quarantine(store: TraceStore, number: int, faults: Sequence[LineFault]) -> None:
    if not faults:
        return
    lines = [
        json.dumps(
            {"segment": fault.source, "line": fault.line, "reason": fault.reason}
        )
        for fault in faults
    ]
    content = "\n".join([*lines, ""]).encode()
    store.write(attempt_key(number, "quarantine.jsonl"), content)


def _result(
    store: TraceStore,
    request: AttemptRequest,
    position: LedgerPosition,
    found: tuple[RowSet, TrainingResult, Sequence[LineFault]],
) -> AttemptResult:
    rows, trained, faults = found
    redaction = build_redactor(request.redaction).identity
    bundle, bento = _package(store, trained, redaction)
    return AttemptResult(
        request=request.digest,
        attempt=position.number,
        outcome=AttemptOutcome.CERTIFIED if bundle else AttemptOutcome.REFUSED,
        reason=trained.reason,
        rows=rows.labelled,
        quarantined=len(faults),
        quarantine=tuple(fault.text for fault in faults[:_NAMED_FAULTS]),
        rows_digest=rows.digest,
        tested=trained.tested,
        seen_until=_used_until(rows, trained),
        chain_passed=trained.chain_passed,
        level=position.level,
        certificate=trained.certificate,
        bundle=bundle,
        bento=bento,
        bento_key=bento_key(bento) if bento else None,
    )


def _used_until(rows: RowSet, trained: TrainingResult) -> datetime | None:
    if trained.tested:
        return rows.newest
    return max((row.time for row in trained.train_rows if row.time), default=None)


def _package(
    store: TraceStore, trained: TrainingResult, redaction: str
) -> tuple[str | None, str | None]:
    if trained.surrogate is None or trained.certificate is None:
        return None, None
    with tempfile.TemporaryDirectory(prefix="tracer-training-") as scratch:
        folder = Path(scratch) / "bundle"
        samples = golden_samples(trained.surrogate)
        manifest = write_bundle(
            folder, trained.surrogate, trained.certificate, samples, redaction
        )
        archive = build_bento(folder, manifest.digest, Path(scratch)).read_bytes()
    bento = sha256_digest(archive)
    store.create(bento_key(bento), archive)
    return manifest.digest, bento
