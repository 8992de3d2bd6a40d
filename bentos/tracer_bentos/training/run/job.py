"""One attempt from the store's traces to a write-once result."""

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
from tracer_core.contracts.layout import attempt_key, bento_key, segment_time
from tracer_core.contracts.runtime_config import RuntimeConfig
from tracer_core.contracts.training import (
    AttemptOutcome,
    AttemptRequest,
    AttemptResult,
    TrainingSummary,
)
from tracer_core.errors import TracerRouterError

__all__ = ["run_attempt", "run_requested_attempt", "summarise"]

_NAMED_FAULTS = 20
_SUMMARISED_FAULTS = 3


def run_attempt(
    store: TraceStore,
    request: AttemptRequest,
    engine: ComputeEngine | None = None,
    folder: Path | None = None,
) -> AttemptResult:
    """Give the result of an attempt, made now or earlier.

    Args:
        store: The router's part of the store.
        request: What is asked.
        engine: Where pieces are computed; threads of this process when none is named.
        folder: Where the ONNX folder is mounted that the request may name.

    Raises:
        StoreError: The store did not answer; a retry begins anew with the same rows.
        EngineError: Nobody is left to compute; a retry spends nothing.
        EmbeddingsError: The endpoint gives no embedding. If it gave none from the
            beginning, the attempt is not in the ledger and has looked at no row.
        InputError: The ONNX folder cannot be used; nothing is in the ledger.
    """
    known = find_result(store, request)
    if known is not None:
        return known
    costly = open_embedder(request.embedder, folder)
    standing = open_attempt(store, request)
    redactor = build_redactor(request.redaction)
    segments = fixed_segments(store, request, standing.number)
    rows, faults = _read(store, segments, redactor, request.task)
    _quarantine(store, standing.number, faults)
    means = local_training_context(engine, costly)
    learned = train(_question(request, standing), rows, means)
    result = _result(store, request, standing, (rows, learned, faults))
    store.create(attempt_key(standing.number, "result.json"), result.to_json())
    # Another pod of the Job may have been first: the ledger's word holds.
    return read_result(store, standing.number) or result


def summarise(result: AttemptResult) -> TrainingSummary:
    """Give what the operator is told: figures, never a row's text."""
    held = result.certificate
    return TrainingSummary(
        attempt=result.attempt,
        request=result.request,
        outcome=result.outcome,
        reason=result.reason[:500],
        rows=result.rows,
        quarantined=result.quarantined,
        quarantine=tuple(each[:200] for each in result.quarantine[:_SUMMARISED_FAULTS]),
        result=sha256_digest(result.to_json()),
        task=held.task if held else None,
        bundle=result.bundle,
        bento=result.bento,
        bento_key=result.bento_key,
        target=held.target if held else None,
        confidence=held.confidence if held else None,
        level=result.level,
        n=held.n if held else None,
        k=held.k if held else None,
        m=held.m if held else None,
        coverage=held.coverage if held else None,
    )


def _question(request: AttemptRequest, standing: LedgerPosition) -> AttemptParameters:
    return AttemptParameters(
        attempt=standing.number,
        target=request.target,
        confidence=request.confidence,
        level=standing.level,
        minimum=request.minimum,
        seed=request.seed,
        after=standing.after,
        budget=standing.budget,
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
        yield LineFault(key, 0, "the segment is gone from the store")
        return
    otherwise: list[int] = []
    for number, found in read_segment(content, key):
        if isinstance(found, LineFault):
            yield found
        elif record := redact_as_served(found, redactor):
            yield build_row(record, segment_time(key), unmarked=False)
        else:
            otherwise.append(number)
    if otherwise:
        count = len(otherwise)
        reason = f"{count} texts from here on were redacted otherwise than is asked"
        yield LineFault(key, otherwise[0], reason)


def _quarantine(store: TraceStore, number: int, faults: Sequence[LineFault]) -> None:
    if not faults:
        return
    lines = [
        json.dumps({"segment": each.source, "line": each.line, "reason": each.reason})
        for each in faults
    ]
    content = "\n".join([*lines, ""]).encode()
    store.write(attempt_key(number, "quarantine.jsonl"), content)


def _result(
    store: TraceStore,
    request: AttemptRequest,
    standing: LedgerPosition,
    found: tuple[RowSet, TrainingResult, Sequence[LineFault]],
) -> AttemptResult:
    rows, learned, faults = found
    redaction = build_redactor(request.redaction).identity
    bundle, bento = _package(store, learned, redaction)
    return AttemptResult(
        request=request.digest,
        attempt=standing.number,
        outcome=AttemptOutcome.CERTIFIED if bundle else AttemptOutcome.REFUSED,
        reason=learned.reason,
        rows=rows.labelled,
        quarantined=len(faults),
        quarantine=tuple(each.text for each in faults[:_NAMED_FAULTS]),
        rows_digest=rows.digest,
        tested=learned.tested,
        seen_until=_seen_until(rows, learned),
        chain_passed=learned.chain_passed,
        level=standing.level,
        certificate=learned.certificate,
        bundle=bundle,
        bento=bento,
        bento_key=bento_key(bento) if bento else None,
    )


def _seen_until(rows: RowSet, learned: TrainingResult) -> datetime | None:
    if learned.tested:
        return rows.newest
    return max((row.time for row in learned.learnt if row.time), default=None)


def _package(
    store: TraceStore, learned: TrainingResult, redaction: str
) -> tuple[str | None, str | None]:
    if learned.surrogate is None or learned.certificate is None:
        return None, None
    with tempfile.TemporaryDirectory(prefix="tracer-training-") as scratch:
        folder = Path(scratch) / "bundle"
        samples = golden_samples(learned.surrogate)
        manifest = write_bundle(
            folder, learned.surrogate, learned.certificate, samples, redaction
        )
        archive = build_bento(folder, manifest.digest, Path(scratch)).read_bytes()
    bento = sha256_digest(archive)
    store.create(bento_key(bento), archive)
    return manifest.digest, bento


_log = logging.getLogger("tracer_bentos.training")


_TERMINATION_LOG = "/dev/termination-log"


def run_requested_attempt(engine: ComputeEngine | None = None) -> int:
    """Run the attempt that the mounted request names and give the exit code.

    A refusal is a result and exits with 0; 1 means that it may be tried again, which
    spends nothing: a result once written is given again.

    Args:
        engine: Where pieces are computed; threads of this process when none is named.
    """
    try:
        content = Path(os.environ[runtime.ATTEMPT_FILE]).read_bytes()
        request = AttemptRequest.from_json(content)
        config = RuntimeConfig.from_environment(os.environ)
        store, folder = open_store(config.traces.store), config.embedder.folder
        result = run_attempt(store, request, engine, folder)
        summary = summarise(result).to_json()
        Path(os.environ.get("TERMINATION_LOG", _TERMINATION_LOG)).write_bytes(summary)
    except (KeyError, OSError, TracerRouterError) as error:
        _log.error("attempt failed: %s", error)
        return 1
    _log.info("attempt %d: %s: %s", result.attempt, result.outcome, result.reason)
    return 0
