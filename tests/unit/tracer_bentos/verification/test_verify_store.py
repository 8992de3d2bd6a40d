"""Verification of the certificate of a training Job, from the store or an export."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from support.ticket_traces import BEGIN, store_rows, ticket_rows
from support.ticket_traces import REQUEST as TICKETS
from tracer_bentos.maintenance.compaction import compact
from tracer_bentos.store import TraceStore, open_store
from tracer_bentos.training.run.job import run_attempt
from tracer_cli import main
from tracer_core.contracts.redaction import Redaction, RedactionPattern
from tracer_core.contracts.runtime_config import StoreConfig
from tracer_core.contracts.store.layout import attempt_key
from tracer_core.contracts.training import AttemptRequest

pytestmark = pytest.mark.slow

ORDERS = RedactionPattern(name="order", pattern=r"order \d+ of \d+")
REQUEST = TICKETS.model_copy(update={"target": 0.85})
LATER = BEGIN + timedelta(hours=2)


def made(
    folder: Path, request: AttemptRequest = REQUEST
) -> tuple[TraceStore, list[str]]:
    """Train on a store of two segments; return the store, certificate, and bundle."""
    store = open_store(StoreConfig(url=f"file://{folder}"))
    rows = ticket_rows(600)
    store_rows(store, rows[:250])
    store_rows(store, rows[250:])
    result = run_attempt(store, request)
    store_rows(store, ticket_rows(50, seed=3, first=LATER))
    named = attempt_key(result.attempt, "result.json"), result.bento_key or ""
    return store, [str(folder / key) for key in named]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    folder = tmp_path_factory.mktemp("store")
    return folder, made(folder)[1]


def verdict(
    call: list[str], capsys: pytest.CaptureFixture[str]
) -> tuple[int, list[str]]:
    capsys.readouterr()
    code = main(["verify", *call, "-o", "json"])
    statements = json.loads(capsys.readouterr().out)["statements"]
    return code, [item["name"] for item in statements if not item["holds"]]


@pytest.mark.parametrize("part", [".", "traces"])
def test_a_store_with_later_traces_verifies_the_certificate(
    part: str, store: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, named = store
    assert verdict([*named, str(folder / part)], capsys) == (0, [])


def test_an_export_of_the_segments_verifies_the_certificate(
    store: tuple[Path, list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, named = store
    for segment in (folder / "traces").rglob("*.zst"):
        shutil.copy(segment, tmp_path)
    assert verdict([*named, str(tmp_path)], capsys) == (0, [])


def test_a_compacted_store_verifies_the_certificate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, named = made(tmp_path)
    # The segment that was sealed after the attempt is of the same day. To keep it
    # separate, compact the day before the segment is in the store.
    later = max(store.list("traces/"))
    kept = store.read(later)
    store.delete(later)
    assert compact(store, BEGIN + timedelta(days=2)) == (2, 1)
    store.write(later, kept)
    assert verdict([*named, str(tmp_path)], capsys) == (0, [])


def test_a_missing_segment_is_detected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, named = made(tmp_path)
    store.delete(min(store.list("traces/")))
    code, failed = verdict([*named, str(tmp_path)], capsys)
    assert code == 3
    assert "rows" in failed


def test_a_refused_attempt_has_no_certificate_to_verify(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = open_store(StoreConfig(url=f"file://{tmp_path}"))
    store_rows(store, ticket_rows(100))
    run_attempt(store, REQUEST)
    named = tmp_path / attempt_key(1, "result.json")
    assert main(["verify", str(named), str(tmp_path), str(tmp_path)]) == 2
    assert "was refused, so it has no certificate" in capsys.readouterr().err


def test_user_patterns_are_read_from_the_ledger_and_required_without_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    patterns = Redaction(patterns=(ORDERS,))
    _, named = made(tmp_path, REQUEST.model_copy(update={"redaction": patterns}))
    assert verdict([*named, str(tmp_path)], capsys) == (0, [])
    assert main(["verify", *named, str(tmp_path / "traces")]) == 0
    shutil.move(tmp_path / "traces", tmp_path / "export")
    assert main(["verify", *named, str(tmp_path / "export")]) == 2
    assert "is not available to redact it" in capsys.readouterr().err
