"""Pages with commands are run: what they show is what is printed."""

import doctest
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.ticket_traces import ticket_rows
from tracer_bentos.training.ledger.offline_ledger import STATE_VARIABLE

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "docs/how-to/train-from-traces.md"]


def examples(page: Path) -> list[tuple[str, str]]:
    """Give each command of a page and what is shown below it."""
    found: list[tuple[str, str]] = []
    for line in page.read_text().splitlines():
        if line.startswith("    $ "):
            found.append((line.removeprefix("    $ "), ""))
        elif line.startswith("    ") and found:
            command, shown = found[-1]
            found[-1] = (command, f"{shown}{line.removeprefix('    ')}\n")
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_prints_what_its_page_shows(page: Path, tmp_path: Path) -> None:
    lines = [
        {"input": row.text, "teacher": row.label, "time": f"{row.time:%FT%T+00:00}"}
        for row in ticket_rows(1_000)
    ]
    traces = "".join(json.dumps(line) + "\n" for line in lines)
    (tmp_path / "traces.jsonl").write_text(traces)
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {
        **os.environ,
        "PATH": programs,
        STATE_VARIABLE: str(tmp_path / "state"),
    }
    shown, code = examples(page), 0
    assert len(shown) > 5
    for command, wanted in shown:
        ended = subprocess.run(
            ["bash", "-c", f"(exit {code}); {command}"],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        code = ended.returncode
        same = doctest.OutputChecker().check_output(
            wanted, ended.stdout, doctest.ELLIPSIS
        )
        assert same, f"{command}\n{ended.stdout}"
