"""The Job: one request has one result, also after retries."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from support.configuration import configured, traces_in
from support.ticket_traces import BEGIN, REQUEST, store_rows, ticket_rows
from tracer_bentos.bundle.archive import read_bento
from tracer_bentos.bundle.bundle import load_bundle
from tracer_bentos.store import TraceStore, open_store
from tracer_bentos.training.__main__ import main
from tracer_bentos.training.ledger.ledger import (
    LedgerPosition,
    fixed_segments,
    open_attempt,
)
from tracer_bentos.training.run.job import run_attempt, summarize
from tracer_core.contracts import runtime
from tracer_core.contracts.document import sha256_digest
from tracer_core.contracts.runtime_config import StoreConfig
from tracer_core.contracts.store.layout import attempt_key, segment_time
from tracer_core.contracts.training import (
    AttemptOutcome,
    AttemptResult,
    TrainingSummary,
)
from tracer_core.stats.certificate.attempt_levels import attempt_level

pytestmark = pytest.mark.slow


def position(number: int, level: float, after: datetime | None) -> LedgerPosition:
    # Computed as in the ledger: floats are compared to the last bit.
    return LedgerPosition(number=number, level=level, budget=1 - 0.95, after=after)


@pytest.fixture
def store(tmp_path: Path) -> TraceStore:
    return open_store(StoreConfig(url=f"file://{tmp_path}/store"))


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[TraceStore, AttemptResult]:
    folder = tmp_path_factory.mktemp("job")
    store = open_store(StoreConfig(url=f"file://{folder}"))
    store_rows(store, ticket_rows(600), extra_lines=["{torn"])
    return store, run_attempt(store, REQUEST)


def test_a_certified_attempt_writes_a_bundle_that_loads(
    done: tuple[TraceStore, AttemptResult], tmp_path: Path
) -> None:
    store, result = done
    assert result.outcome is AttemptOutcome.CERTIFIED
    assert result.bento_key is not None
    archive = store.read(result.bento_key)
    predictor = load_bundle(read_bento(archive, tmp_path), result.bundle or "")
    predictor.verify_golden()
    assert sha256_digest(archive) == result.bento
    assert predictor.certificate == result.certificate
    assert predictor.decide("hello was charged twice please").label == "billing"


def test_a_retry_returns_the_same_result_and_uses_no_level(
    done: tuple[TraceStore, AttemptResult],
) -> None:
    store, result = done
    before = store.list("")
    assert run_attempt(store, REQUEST) == result
    assert store.list("") == before


def test_an_unreadable_line_is_quarantined_and_reported(
    done: tuple[TraceStore, AttemptResult],
) -> None:
    store, result = done
    (line,) = store.read(attempt_key(1, "quarantine.jsonl")).splitlines()
    assert json.loads(line)["line"] == 1
    assert (result.rows, result.quarantined) == (600, 1)
    assert summarize(result).quarantine == result.quarantine


def test_the_summary_fits_into_a_termination_message(
    done: tuple[TraceStore, AttemptResult],
) -> None:
    _, result = done
    long = result.model_copy(
        update={"reason": "why " * 999, "quarantine": ("line " * 999,) * 20}
    )
    assert len(summarize(long).to_json()) <= 4096


def test_the_next_attempt_gets_another_level_and_only_fresh_rows(
    done: tuple[TraceStore, AttemptResult],
) -> None:
    store, result = done
    assert result.chain_passed
    second = open_attempt(store, REQUEST.model_copy(update={"attempt": 2}))
    newest = ticket_rows(600)[-1].time
    assert second == position(2, attempt_level(2, 1 - 0.95, {1}), newest)


def test_a_refusal_before_the_test_uses_a_number_but_no_level_and_no_rows(
    store: TraceStore,
) -> None:
    store_rows(store, ticket_rows(100))
    first = run_attempt(store, REQUEST)
    second = open_attempt(store, REQUEST.model_copy(update={"attempt": 2}))
    assert (first.outcome, first.tested) == (AttemptOutcome.REFUSED, False)
    assert "200 more are needed" in first.reason
    assert second == position(2, attempt_level(2, 1 - 0.95, {1}), None)


def test_train_rows_of_an_untested_attempt_never_certify(
    store: TraceStore,
) -> None:
    rows = [
        replace(row, label="ab"[at * 7 % 11 % 2])
        for at, row in enumerate(ticket_rows(400))
    ]
    store_rows(store, rows)
    first = run_attempt(store, REQUEST)
    second = open_attempt(store, REQUEST.model_copy(update={"attempt": 2}))
    assert "no part of the traffic reaches 0.9 in training" in first.reason
    assert second.after == rows[239].time


def test_rows_of_an_attempt_without_a_result_count_as_used(store: TraceStore) -> None:
    key = store_rows(store, ticket_rows(100))
    fixed_segments(store, REQUEST, open_attempt(store, REQUEST).number)
    second = open_attempt(store, REQUEST.model_copy(update={"attempt": 2}))
    assert second == position(2, attempt_level(2, 1 - 0.95), segment_time(key))


def test_a_retry_keeps_its_position_if_an_earlier_attempt_ends_later(
    store: TraceStore,
) -> None:
    store_rows(store, ticket_rows(600))
    fixed_segments(store, REQUEST, open_attempt(store, REQUEST).number)
    later = REQUEST.model_copy(update={"attempt": 2})
    before = open_attempt(store, later)
    assert run_attempt(store, REQUEST).chain_passed
    assert open_attempt(store, later) == before


def test_a_higher_confidence_later_does_not_reduce_the_budget(
    store: TraceStore,
) -> None:
    open_attempt(store, REQUEST)
    stricter = REQUEST.model_copy(update={"attempt": 2, "confidence": 0.99})
    second = open_attempt(store, stricter)
    assert second.level == pytest.approx(0.01 / 6)
    assert second.budget == pytest.approx(0.05)


def test_each_retry_uses_the_rows_of_the_first_run(store: TraceStore) -> None:
    store_rows(store, ticket_rows(200))
    first = run_attempt(store, REQUEST)
    result_file = Path(store.url.removeprefix("file://")) / attempt_key(
        1, "result.json"
    )
    result_file.unlink()  # the pod died before its result was written
    store_rows(store, ticket_rows(50, seed=3, first=BEGIN + timedelta(minutes=30)))
    assert run_attempt(store, REQUEST).rows_digest == first.rows_digest


def test_the_entry_point_returns_an_earlier_result(
    done: tuple[TraceStore, AttemptResult], tmp_path: Path
) -> None:
    store, result = done
    settings = _settings(tmp_path, store.url, REQUEST.to_json())
    ended = subprocess.run(
        [sys.executable, "-m", "tracer_bentos.training"],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "message").read_bytes() == summarize(result).to_json()


def test_the_entry_point_exits_with_zero_when_it_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = _settings(tmp_path, f"file://{tmp_path}/store", REQUEST.to_json())
    store = open_store(StoreConfig(url=f"file://{tmp_path}/store"))
    store_rows(store, ticket_rows(100))
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert main() == 0
    summary = TrainingSummary.from_json((tmp_path / "message").read_bytes())
    assert (summary.outcome, summary.request) == (
        AttemptOutcome.REFUSED,
        REQUEST.digest,
    )


def test_an_unreadable_request_is_a_failure_without_a_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings = _settings(tmp_path, f"file://{tmp_path}/store", b"{}")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert main() == 1
    assert "attempt failed: invalid AttemptRequest" in caplog.text
    assert not (tmp_path / "message").exists()


def _settings(folder: Path, url: str, request: bytes) -> dict[str, str]:
    (folder / "request.json").write_bytes(request)
    return {
        **configured(traces=traces_in(url)),
        runtime.ATTEMPT_FILE: str(folder / "request.json"),
        "TERMINATION_LOG": str(folder / "message"),
    }
