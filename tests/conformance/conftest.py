"""Starts the stage in the project's own environment; the clients have one of theirs."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.fixture(scope="session")
def stage() -> Iterator[dict[str, str]]:
    """Give the URLs of the stub teacher and of the routers before it."""
    places = [HERE, ROOT / "tests", ROOT / "operator", ROOT / "bentos"]
    path = os.pathsep.join(map(str, places))
    process = subprocess.Popen(
        [ROOT / ".venv/bin/python", "-m", "stage"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
        text=True,
    )
    assert process.stdin
    assert process.stdout
    yield json.loads(process.stdout.readline())
    process.stdin.close()
    assert process.wait(timeout=60) == 0
