"""`fit` and `predict` on files of one machine."""

import gzip
import io
import json
from pathlib import Path

import pytest

from support.ticket_traces import ticket_rows
from tracer_bentos.training.offline_ledger import STATE
from tracer_router.cli import main


@pytest.fixture
def traces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(STATE, str(tmp_path / "state"))
    path = tmp_path / "traces.jsonl.gz"
    lines = [
        json.dumps({"input": row.text, "teacher": row.label})
        for row in ticket_rows(600)
    ]
    path.write_bytes(gzip.compress("\n".join([*lines, "{torn"]).encode()))
    return path


def test_fit_writes_a_bundle_that_predict_decides_with(
    traces: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = str(tmp_path / "out")
    assert main(["fit", str(traces), "--target", "90%", "--out", out]) == 0
    said = capsys.readouterr()
    assert "Attempt 1 (level 0.025;" in said.out
    assert "traces.jsonl.gz:601" in said.err
    asked = 'hello parcel is late today\n{"input": "hello account is locked again"}\n'
    monkeypatch.setattr("sys.stdin", io.StringIO(asked))
    assert main(["predict", out]) == 0
    decisions = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["label"] for each in decisions] == ["delivery", "login"]
    assert [each["accepted"] for each in decisions] == [True, True]


def test_fit_exits_with_three_when_it_refuses(
    traces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["fit", str(traces), "--target", "99.9%", "--out", str(tmp_path / "out")]
    assert main(call) == 3
    assert "refused: 240 fresh, independent rows" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


def test_trying_other_terms_on_the_same_rows_costs_level(
    traces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fit(seed: str, out: str) -> str:
        call = ["fit", str(traces), "--target", "85%", "--seed", seed]
        assert main([*call, "--out", str(tmp_path / out)]) == 0
        return capsys.readouterr().out

    assert "Attempt 1 (level 0.025;" in fit("1", "first")
    assert "Attempt 2 (level 0.004167;" in fit("2", "second")
    assert "Attempt 1 (level 0.025;" in fit("1", "first-again")


def test_a_folder_in_use_is_told_before_an_attempt_is_spent(
    traces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["fit", str(traces), "--target", "90%", "--out", str(tmp_path)]
    assert main(call) == 1
    assert "is not an empty folder" in capsys.readouterr().err
    assert not (tmp_path / "state").exists()


def test_no_traces_are_told_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["fit", str(tmp_path / "x"), "--target", "90%", "--out", str(tmp_path / "o")]
    assert main(call) == 1
    assert "no traces at" in capsys.readouterr().err
