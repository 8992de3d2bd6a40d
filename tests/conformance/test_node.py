"""The official Node.js `openai` client cannot distinguish a router from the teacher."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from clients import MODES, answered_by_surrogate
from likeness import comparable

NODE = Path(__file__).parent / "node"
MISSING = "the Node.js client is not installed; run `make conformance`"


def run(url: str, pieces: int) -> dict[str, Any]:
    node = Path(sys.executable).with_name("node")
    assert (NODE / "node_modules/openai").is_dir(), MISSING
    command = [node, "scenarios.mjs", url, str(pieces)]
    completed = subprocess.run(
        command, cwd=NODE, capture_output=True, text=True, check=True
    )
    return dict(json.loads(completed.stdout))


@pytest.fixture(scope="module")
def expected(stage: dict[str, str]) -> dict[int, dict[str, Any]]:
    """Return the outcomes without a router, by number of chunks in a stream."""
    return {pieces: run(stage["direct"], pieces) for pieces in (1, 2)}


def test_a_router_without_a_surrogate_changes_nothing(
    stage: dict[str, str], expected: dict[int, dict[str, Any]]
) -> None:
    assert run(stage["through"], pieces=2) == expected[2]


def test_answers_of_the_surrogate_equal_those_of_the_teacher(
    stage: dict[str, str], expected: dict[int, dict[str, Any]]
) -> None:
    before = answered_by_surrogate(stage)
    answers = run(stage["surrogate"], pieces=1)
    answerable = len(answers["found"]) - len(answers["deferred"])
    assert answered_by_surrogate(stage) - before == answerable
    assert comparable(answers) == comparable(expected[1])


@pytest.mark.parametrize("mode", MODES)
def test_errors_raise_the_exceptions_of_the_client(
    stage: dict[str, str], mode: str
) -> None:
    outcomes = run(stage[mode], pieces=2)["found"]
    names = {
        status: outcomes[status]["error"] for status in ("400", "401", "429", "500")
    }
    assert names == {
        "400": "BadRequestError",
        "401": "AuthenticationError",
        "429": "RateLimitError",
        "500": "InternalServerError",
    }
