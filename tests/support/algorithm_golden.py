"""Golden results of the training algorithm, one file for each version.

To write the file of a new version, run this from the root of the repository::

    PYTHONPATH=tests .venv/bin/python -m support.algorithm_golden

The results are decisions and counts on traffic with clear margins. They do not depend
on the last bits of a computation, so they are the same on each processor.
"""

import hashlib
import json
import random
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from support.hidden_topics import SIZE, hidden_texts, topic_of, vector_of
from support.ticket_traces import ticket_rows
from tracer_bentos.surrogate.encoders.precomputed import PrecomputedEncoder
from tracer_bentos.training.certify.provenance import ALGORITHM_VERSION
from tracer_bentos.training.data.attempt_spec import AttemptParameters
from tracer_bentos.training.data.rows import Row, select_rows
from tracer_bentos.training.data.split import NARROW, WIDE, split_rows
from tracer_bentos.training.engine.engine import LocalEngine
from tracer_bentos.training.fit.experts.expert_fitting import EncoderSpec
from tracer_bentos.training.fit.experts.kernel_ridge_fitting import KernelShape
from tracer_bentos.training.fit.fit_context import TrainingContext
from tracer_bentos.training.ledger.offline_ledger import LedgerOutcome, OfflineLedger
from tracer_bentos.training.run.pipeline import TrainingResult, sort_rows, train

__all__ = ["COMMAND", "Outcome", "compare_with_golden", "golden_file", "run_algorithm"]

COMMAND = "PYTHONPATH=tests .venv/bin/python -m support.algorithm_golden"
"""Writes the golden file of the current version."""

_SPEC = AttemptParameters(
    attempt=1, target=0.9, confidence=0.95, level=0.025, minimum=300, seed=7
)
_PREDICTIONS = 36
"""Texts of each world whose decisions are compared."""

Outcome = dict[str, Any]


def golden_file(folder: Path, version: int) -> Path:
    """Return the path of the golden file of a version."""
    return folder / f"algorithm-{version}.json"


def run_algorithm() -> Outcome:
    """Return the results of the current code on fixed rows, as JSON values."""
    words = _context()
    tickets = ticket_rows(600)
    hidden = _hidden_rows(600)
    return {
        "tickets": _fit(tickets, words),
        "tickets with noise": _fit(
            ticket_rows(1_200, noise=0.1), words, replace(_SPEC, target=0.85)
        ),
        "tickets without times": _fit(
            [replace(row, time=None) for row in tickets], words
        ),
        "tickets with one weak label": _fit(_weak_label(ticket_rows(1_200)), words),
        "tickets with random answers": _fit(_random_answers(tickets), words),
        "vectors, each row a landmark": _fit(hidden, _context(landmarks=6_000)),
        "vectors, few landmarks": _fit(hidden, _context(landmarks=150)),
        "ledger": _run_ledger(tickets),
    }


def compare_with_golden(version: int, outcome: Outcome, folder: Path) -> str | None:
    """Return what to do when results and version do not match; none when they do.

    Args:
        version: The version of the algorithm that the code declares.
        outcome: The results of the code.
        folder: Contains the golden files of all versions.
    """
    path = golden_file(folder, version)
    if not path.exists():
        return (
            f"ALGORITHM_VERSION is {version}, but {path.name} does not exist; write it"
            f" with `{COMMAND}` and commit it"
        )
    golden = json.loads(path.read_text())
    changed = sorted(_differences(golden, outcome))
    if not changed:
        return None
    return (
        f"the algorithm differs from {path.name} in: {'; '.join(changed)}. If the"
        f" change is intended, raise ALGORITHM_VERSION to {version + 1} in"
        f" training/certify/provenance.py and write the golden file with `{COMMAND}`."
        " If it is not, correct the code: the same rows would get another policy"
        " without a new attempt"
    )


def _fit(
    rows: Sequence[Row], context: TrainingContext, spec: AttemptParameters = _SPEC
) -> Outcome:
    selected = select_rows(rows)
    ordered = sort_rows(selected)
    splits = [split_rows(ordered.rows, share, spec.seed) for share in (WIDE, NARROW)]
    result = train(spec, selected, context)
    return {
        "rows": selected.digest,
        "splits": [_digest(repr([s.train, s.groups, s.certify])) for s in splits],
        "tested": result.tested,
        "certificate": _certificate(result),
        "decisions": _decisions(result, rows[:_PREDICTIONS]),
    }


def _certificate(result: TrainingResult) -> Outcome | None:
    certificate = result.certificate
    if certificate is None:
        return None
    return {
        "certify_rows": certificate.certify_rows,
        "train_rows": certificate.train_rows,
        "n": certificate.n,
        "k": certificate.k,
        "m": certificate.m,
        "coverage": round(certificate.coverage, 6),
        "coverage_low": round(certificate.coverage_low, 6),
        "coverage_high": round(certificate.coverage_high, 6),
        "level": round(certificate.level, 9),
        "steps_declared": len(certificate.chain),
        "steps_passed": certificate.steps,
        "cells": [
            [cell.name, cell.rows, cell.agreed, cell.badge]
            for cell in certificate.cells
        ],
        "stages": [stage.name for stage in result.surrogate.stages]
        if result.surrogate
        else [],
    }


def _decisions(result: TrainingResult, rows: Sequence[Row]) -> list[list[Any]]:
    if result.surrogate is None:
        return []
    predictions = [result.surrogate.decide_sample(row.sample) for row in rows]
    return [[found.label, found.accepted] for found in predictions]


def _run_ledger(rows: Sequence[Row]) -> list[list[Any]]:
    """Return number, level, and used rows of four attempts on growing row sets."""
    found = []
    outcomes = [
        LedgerOutcome(tested=False),
        LedgerOutcome(tested=True, chain_passed=True),
        LedgerOutcome(tested=True),
        LedgerOutcome(tested=True),
    ]
    with tempfile.TemporaryDirectory() as folder:
        ledger = OfflineLedger(Path(folder))
        for number, outcome in enumerate(outcomes, start=1):
            selected = select_rows(rows[: 100 * number])
            attempt, used = ledger.open(selected, f"request {number}", 0.95)
            ledger.close(attempt, outcome, rows[:10])
            found.append([attempt.number, round(attempt.level, 9), len(used)])
    return found


def _context(landmarks: int = 0) -> TrainingContext:
    views = []
    if landmarks:
        shape = KernelShape("vectors", costly=False, max_landmarks=landmarks)
        views.append(EncoderSpec(PrecomputedEncoder(SIZE), shape))
    return TrainingContext(LocalEngine(1), tuple(views))


def _hidden_rows(count: int) -> list[Row]:
    times = [row.time for row in ticket_rows(count)]
    return [
        Row(
            text=text,
            label=topic_of(text),
            task="words",
            time=time,
            session=None,
            uniform=True,
            model=None,
            vector=vector_of(text),
        )
        for text, time in zip(hidden_texts(count, seed=5), times, strict=True)
    ]


def _weak_label(rows: Iterable[Row]) -> list[Row]:
    """Return the rows, with every third praise labeled as billing: cells differ."""
    return [
        replace(row, label="billing") if row.label == "praise" and not n % 3 else row
        for n, row in enumerate(rows)
    ]


def _random_answers(rows: Iterable[Row]) -> list[Row]:
    chance = random.Random(3)  # noqa: S311 - reproducible answers
    return [replace(row, label=chance.choice("abcd")) for row in rows]


def _digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def _differences(golden: Any, found: Any, path: str = "") -> list[str]:
    if isinstance(golden, Mapping) and isinstance(found, Mapping):
        return [
            difference
            for key in golden.keys() | found.keys()
            for difference in _differences(
                golden.get(key), found.get(key), f"{path} / {key}" if path else key
            )
        ]
    return [] if golden == found else [path]


def _write_golden() -> None:
    root = Path(__file__).parents[2]
    folder = root / "tests/unit/tracer_bentos/training/golden"
    path = golden_file(folder, ALGORITHM_VERSION)
    if path.exists():
        sys.exit(f"{path} exists; raise ALGORITHM_VERSION before you write a new file")
    folder.mkdir(exist_ok=True)
    path.write_text(json.dumps(run_algorithm(), indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    _write_golden()
