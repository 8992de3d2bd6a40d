"""Start the stage in the environment of the project; clients have another one."""

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
    """Return the URLs of the stub teacher and of the routers in front of it."""
    folders = [HERE, ROOT / "tests", ROOT / "operator", ROOT / "bentos"]
    path = os.pathsep.join(map(str, folders))
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
