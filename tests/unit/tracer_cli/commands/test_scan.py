"""`scan`: estimates by cell, from rows that are not reserved for a certificate."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from support.ticket_traces import ticket_rows
from tracer_bentos.offline_commands.scan import ScanReport, scan_traces
from tracer_bentos.training.data.rows import Row, select_rows
from tracer_bentos.training.ledger.offline_ledger import STATE_VARIABLE
from tracer_bentos.training.run.load_rows import LoadedRows
from tracer_cli import main


@pytest.fixture(autouse=True)
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))


def scan_rows(rows: list[Row]) -> ScanReport:
    return scan_traces(LoadedRows(select_rows(rows), (), None), seed=1)


def write(path: Path, rows: list[Row], **more: Any) -> Path:
    lines = [
        {"input": row.text, "teacher": row.label, "time": f"{row.time}", **more}
        for row in rows
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def test_an_easy_task_is_estimated_with_high_coverage() -> None:
    found = scan_rows(ticket_rows(1_000))
    assert (found.reason, found.rows, found.looked_at, found.vault, found.labels) == (
        None,
        1_000,
        600,
        400,
        4,
    )
    assert [target.target for target in found.targets] == [0.9, 0.95, 0.98]
    assert found.targets[0].share > 0.9
    assert found.targets[0].chance > 0.95
    assert found.targets[0].missing == 0
    assert sum(cell.rows for cell in found.cells) == 600
    assert all(cell.agreement > 0.9 for cell in found.cells)


def test_a_cell_has_its_own_terms_and_examples() -> None:
    cells = {cell.name: cell for cell in scan_rows(ticket_rows(1_000)).cells}
    assert set(cells) == {"billing", "delivery", "login", "praise"}
    assert {"parcel", "courier"} & set(cells["delivery"].terms)
    assert not {"please", "hello", "order"} & set(cells["delivery"].terms)
    for example in cells["delivery"].examples:
        assert example.teacher == "delivery"
    for example in cells["delivery"].disagreements:
        assert example.teacher != "delivery"


def test_reserved_rows_do_not_affect_any_figure() -> None:
    rows = ticket_rows(1_000)
    vault = [replace(row, label="praise", text=f"x {row.text}") for row in rows[600:]]
    assert scan_rows(rows) == scan_rows(rows[:600] + vault)


@pytest.mark.slow
def test_rows_that_an_attempt_tested_are_no_longer_reserved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = ticket_rows(1_500)
    path = write(tmp_path / "old.jsonl", rows[:1_000])
    call = ["fit", str(path), "--target", "90%", "--out", str(tmp_path / "out")]
    assert main(call) == 0
    capsys.readouterr()
    second = scan_json(capsys, path)
    assert (second["looked_at"], second["vault"]) == (1_000, 0)
    assert second["targets"][0]["chance"] == 0
    assert second["targets"][0]["missing"] > 0
    both = scan_json(capsys, write(tmp_path / "both.jsonl", rows))
    assert (both["looked_at"], both["vault"]) == (1_000, 500)


def scan_json(
    capsys: pytest.CaptureFixture[str], path: Path, code: int = 0
) -> dict[str, Any]:
    assert main(["scan", str(path), "-o", "json"]) == code
    return dict(json.loads(capsys.readouterr().out))


def test_the_same_traces_and_seed_give_the_same_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "t.jsonl", ticket_rows(400))
    outputs = []
    for _ in range(2):
        assert main(["scan", str(path), "--cells", "2"]) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]
    assert "400 labelled rows of task unnamed, 4 different answers" in outputs[0]
    assert "and 2 smaller cells" in outputs[0]
    assert not (tmp_path / "state").exists()


def test_costs_and_tokens_of_traces_are_summed_by_cell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = {"cost": 0.001, "prompt_tokens": 40, "completion_tokens": 2}
    found = scan_json(capsys, write(tmp_path / "t.jsonl", ticket_rows(500), **more))
    for cell in found["cells"]:
        assert cell["cost"] == pytest.approx(0.001 * cell["rows"])
        assert cell["tokens"] == 42 * cell["rows"]


def test_examples_are_redacted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        replace(row, text=f"{row.text} call 030 1234567 or ann@example.com")
        for row in ticket_rows(300)
    ]
    path = write(tmp_path / "t.jsonl", rows)
    assert main(["scan", str(path)]) == 0
    output = capsys.readouterr().out
    assert "[phone] or [email]" in output
    assert "ann@" not in output
    assert "1234567" not in output


def test_days_are_estimated_from_the_rate_of_the_traces() -> None:
    hourly = [
        replace(row, time=row.time and row.time + timedelta(hours=number))
        for number, row in enumerate(ticket_rows(200, noise=0))
    ]
    hard = scan_rows(hourly).targets[-1]
    assert hard.missing
    assert hard.days == pytest.approx(hard.missing / 24, rel=0.02, abs=0.1)


def test_traces_with_a_single_answer_are_refused_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [replace(row, label="praise") for row in ticket_rows(200)]
    found = scan_json(capsys, write(tmp_path / "t.jsonl", rows), code=3)
    assert "the same answer for all training rows" in found["reason"]
    assert found["cells"] == []


def test_texts_with_more_than_one_answer_are_counted() -> None:
    rows = ticket_rows(400)
    again = [
        replace(row, label="praise" if row.label != "praise" else "login")
        for row in rows[:7]
    ]
    assert scan_rows([*again, *rows]).conflicts == 7
