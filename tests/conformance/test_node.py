"""The official Node `openai` client cannot tell a router from the teacher."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from clients import MODES, answered_by_surrogate
from likeness import alike

NODE = Path(__file__).parent / "node"
MISSING = "the Node client is not installed: run `make conformance` once"


def run(url: str, pieces: int) -> dict[str, Any]:
    node = Path(sys.executable).with_name("node")
    assert (NODE / "node_modules/openai").is_dir(), MISSING
    command = [node, "scenarios.mjs", url, str(pieces)]
    found = subprocess.run(
        command, cwd=NODE, capture_output=True, text=True, check=True
    )
    return dict(json.loads(found.stdout))


@pytest.fixture(scope="module")
def teachers(stage: dict[str, str]) -> dict[int, dict[str, Any]]:
    """Give what every scenario gives at the teacher itself, by pieces of a stream."""
    return {pieces: run(stage["direct"], pieces) for pieces in (1, 2)}


def test_a_router_that_passes_through_changes_nothing(
    stage: dict[str, str], teachers: dict[int, dict[str, Any]]
) -> None:
    assert run(stage["through"], pieces=2) == teachers[2]


def test_a_surrogates_answers_are_like_the_teachers(
    stage: dict[str, str], teachers: dict[int, dict[str, Any]]
) -> None:
    before = answered_by_surrogate(stage)
    answers = run(stage["surrogate"], pieces=1)
    asked = len(answers["found"]) - len(answers["deferred"])
    assert answered_by_surrogate(stage) - before == asked
    assert alike(answers) == alike(teachers[1])


@pytest.mark.parametrize("mode", MODES)
def test_errors_are_the_clients_own_exceptions(
    stage: dict[str, str], mode: str
) -> None:
    found = run(stage[mode], pieces=2)["found"]
    names = {status: found[status]["error"] for status in ("400", "401", "429", "500")}
    assert names == {
        "400": "BadRequestError",
        "401": "AuthenticationError",
        "429": "RateLimitError",
        "500": "InternalServerError",
    }
