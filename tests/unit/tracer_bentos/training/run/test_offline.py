"""`fit` and `predict` on files of one machine."""

import gzip
import io
import json
from pathlib import Path

import pytest

from support.ticket_traces import ticket_rows
from tracer_bentos.training.ledger.offline_ledger import STATE_VARIABLE
from tracer_cli import main


@pytest.fixture(autouse=True)
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))


@pytest.fixture
def traces(tmp_path: Path) -> Path:
    path = tmp_path / "traces.jsonl.gz"
    lines = [
        json.dumps({"input": row.text, "teacher": row.label})
        for row in ticket_rows(600)
    ]
    path.write_bytes(gzip.compress("\n".join([*lines, "{torn"]).encode()))
    return path


def test_fit_writes_a_bundle_for_predict(
    traces: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = str(tmp_path / "out")
    assert main(["fit", str(traces), "--target", "90%", "--out", out]) == 0
    output = capsys.readouterr()
    assert "Attempt 1 (level 0.025;" in output.out
    assert "traces.jsonl.gz:601" in output.err
    inputs = (
        "hello parcel is late today order 7 of 1\n"
        '{"input": "hello account is locked again order 9 of 1"}\n'
    )
    stdin = io.TextIOWrapper(io.BytesIO(inputs.encode()))
    monkeypatch.setattr("sys.stdin", stdin)
    assert main(["predict", out]) == 0
    decisions = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [decision["label"] for decision in decisions] == ["delivery", "login"]
    assert [decision["accepted"] for decision in decisions] == [True, True]


def test_fit_exits_with_three_after_a_refusal(
    traces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["fit", str(traces), "--target", "99.9%", "--out", str(tmp_path / "out")]
    assert main(call) == 3
    assert "refused: 240 fresh, independent rows" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


def test_rows_certify_once_also_with_other_terms(
    traces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fit(seed: str, out: str, code: int) -> str:
        call = ["fit", str(traces), "--target", "85%", "--seed", seed]
        assert main([*call, "--out", str(tmp_path / out)]) == code
        return capsys.readouterr().out

    assert "Attempt 1 (level 0.025;" in fit("1", "first", 0)
    assert "refused: 0 fresh, independent rows" in fit("2", "second", 3)
    assert "Attempt 1 (level 0.025;" in fit("1", "first-again", 0)
    first, again = (
        (tmp_path / out / "manifest.json").read_bytes()
        for out in ("first", "first-again")
    )
    assert first == again


def test_more_traces_are_a_second_attempt_of_the_same_project(
    traces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = tmp_path / "more.jsonl"
    rows = [*ticket_rows(600), *ticket_rows(300, seed=2)]
    lines = [json.dumps({"input": row.text, "teacher": row.label}) for row in rows]
    more.write_text("\n".join(lines))
    for path, level in ((traces, "0.025"), (more, "0.03333")):
        out = str(tmp_path / f"out-{level}")
        assert main(["fit", str(path), "--target", "85%", "--out", out]) == 0
        assert f"(level {level};" in capsys.readouterr().out
    certificate = json.loads(
        (tmp_path / "out-0.03333" / "certificate.json").read_bytes()
    )
    assert (certificate["attempt"], certificate["certifyRows"]) == (2, 244)


def test_a_nonempty_folder_is_reported_before_an_attempt_is_used(
    traces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["fit", str(traces), "--target", "90%", "--out", str(tmp_path)]
    assert main(call) == 2
    assert "is not an empty folder" in capsys.readouterr().err
    assert not (tmp_path / "state").exists()


def test_missing_traces_are_an_input_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["fit", str(tmp_path / "x"), "--target", "90%", "--out", str(tmp_path / "o")]
    assert main(call) == 2
    assert "no traces at" in capsys.readouterr().err


def test_a_text_of_another_redactor_is_reported_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = json.dumps({"input": "a", "teacher": "b", "redaction": "other/1"})
    own = json.dumps({"input": "a", "teacher": "b"})
    path = tmp_path / "mixed.jsonl"
    path.write_text(f"{own}\n\n{other}\n")
    call = ["fit", str(path), "--target", "90%", "--out", str(tmp_path / "o")]
    assert main(call) == 3
    assert (
        f"{path}:3: redacted by another redactor than standard/2"
        in capsys.readouterr().err
    )


def test_a_file_without_traces_is_an_input_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "table.jsonl"
    path.write_text("input,teacher\nhello,greeting\n")
    call = ["fit", str(path), "--target", "90%", "--out", str(tmp_path / "o")]
    assert main(call) == 2
    assert f"{path}:1: line: Invalid JSON" in capsys.readouterr().err


def test_certified_cells_are_shown_with_words_that_are_not_in_the_bundle(
    traces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    call = ["fit", str(traces), "--target", "90%", "--out", str(out), "-o", "json"]
    assert main(call) == 0
    found = json.loads(capsys.readouterr().out)
    cells = {cell["name"]: cell for cell in found["cells"]}
    assert sum(cell["rows"] for cell in cells.values()) == found["certificate"]["n"]
    assert sum(cell["agreed"] for cell in cells.values()) == found["certificate"]["k"]
    assert {"parcel", "courier"} & set(cells["delivery"]["terms"])
    assert b"courier" not in (out / "certificate.json").read_bytes()
