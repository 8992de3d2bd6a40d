"""`fit` on unusual traffic: certified, or refused with a reason."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.ticket_traces import ticket_rows
from tracer_bentos.training.ledger.offline_ledger import STATE_VARIABLE
from tracer_cli import main

Lines = list[dict[str, Any]]


@pytest.fixture(autouse=True)
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))


def tickets(count: int = 500, noise: float = 0.0) -> Lines:
    rows = ticket_rows(count, noise=noise)
    return [{"input": row.text, "teacher": row.label} for row in rows]


def imbalanced() -> Lines:
    rare = [line for line in tickets() if line["teacher"] == "login"][:12]
    return rare + [line for line in tickets(900) if line["teacher"] == "billing"]


def binary() -> Lines:
    return [{**line, "teacher": str(line["teacher"] == "login")} for line in tickets()]


def two_rows_a_class(rare: int) -> Lines:
    return tickets(700) + [
        {"input": f"rare thing {n % rare} copy {n}", "teacher": f"rare {n % rare}"}
        for n in range(2 * rare)
    ]


def few_classes_of_two() -> Lines:
    return two_rows_a_class(3)


def many_classes_of_two() -> Lines:
    return two_rows_a_class(60)


def one_class() -> Lines:
    return [{**line, "teacher": "praise"} for line in tickets()]


def thousand_labels() -> Lines:
    return [
        {"input": f"{line['input']} item{n % 1_000}", "teacher": f"label {n % 1_000}"}
        for n, line in enumerate(tickets(3_000))
    ]


def empty_texts() -> Lines:
    return [
        {**line, "input": ""} if n % 7 == 0 else line
        for n, line in enumerate(tickets())
    ]


def only_empty_texts() -> Lines:
    return [{**line, "input": ""} for line in tickets()]


def empty_answers() -> Lines:
    return [
        {**line, "teacher": "" if line["teacher"] == "praise" else line["teacher"]}
        for line in tickets()
    ]


def long_texts() -> Lines:
    return [
        {**line, "input": line["input"] + " and so on" * 5_000} if n % 20 == 0 else line
        for n, line in enumerate(tickets())
    ]


def any_unicode() -> Lines:
    chance = random.Random(1)  # noqa: S311 - a reproducible world
    odd = "\u2028\u202e\ufeff\U0010ffff\x00\x85é\u0301İß我🙂👩‍👧\ud7ff\ue000"
    return [
        {
            "input": f"{''.join(chance.choices(odd, k=9))} {line['input']}",
            "teacher": f"{line['teacher']} 我\u2028🙂",
        }
        for line in tickets()
    ]


def conflicting() -> Lines:
    """Each question has two answers with the same frequency."""
    return [
        {"input": f"question {n // 2}", "teacher": f"answer {n % 2}"}
        for n in range(600)
    ]


def some_conflicts() -> Lines:
    again = [{**line, "teacher": "other"} for line in tickets()[:15]]
    return tickets() + again


CERTIFIED, REFUSED = "certified", "refused"


@pytest.mark.parametrize(
    ("traffic", "outcome", "words"),
    [
        (imbalanced, CERTIFIED, ""),
        (binary, CERTIFIED, ""),
        (few_classes_of_two, CERTIFIED, ""),
        (many_classes_of_two, REFUSED, "not a small closed set"),
        (one_class, REFUSED, "the same answer for all training rows"),
        (thousand_labels, REFUSED, "not a small closed set"),
        (empty_texts, CERTIFIED, ""),
        (only_empty_texts, REFUSED, "fresh, independent rows to certify on"),
        (empty_answers, CERTIFIED, ""),
        (long_texts, CERTIFIED, ""),
        (any_unicode, CERTIFIED, ""),
        (conflicting, REFUSED, "no part of the traffic reaches 0.9"),
        (some_conflicts, CERTIFIED, ""),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_odd_traffic_is_certified_or_refused_with_a_reason(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    traffic: Callable[[], Lines],
    outcome: str,
    words: str,
) -> None:
    path, out = tmp_path / "traces.jsonl", tmp_path / "out"
    path.write_text("\n".join(map(json.dumps, traffic())))
    call = ["fit", str(path), "--target", "90%", "--out", str(out), "-o", "json"]
    code = main(call)
    found = json.loads(capsys.readouterr().out)
    assert (found["outcome"], found["faults"]) == (outcome, []), found["reason"]
    assert code == (0 if outcome == CERTIFIED else 3)
    assert words in found["reason"]
    assert out.exists() == (outcome == CERTIFIED)
    if outcome == CERTIFIED:
        assert main(["predict", str(out), str(path)]) == 0
        assert len(capsys.readouterr().out.splitlines()) == len(traffic())


def test_a_lone_surrogate_makes_a_line_unreadable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "traces.jsonl"
    lines = [json.dumps(line) for line in tickets()]
    lines[2] = '{"input": "half \\ud83d", "teacher": "praise"}'
    lines[3] = '{"input": "whole \\ud83d\\ude42", "teacher": "praise"}'
    path.write_text("\n".join(lines))
    call = ["fit", str(path), "--target", "90%", "--out", str(tmp_path / "out")]
    assert main([*call, "-o", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(fault["line"], fault["reason"][:18]) for fault in found["faults"]] == [
        (3, "line: Invalid JSON")
    ]
    assert found["rows"] == len(lines) - 1
