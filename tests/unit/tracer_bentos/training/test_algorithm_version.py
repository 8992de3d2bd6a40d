"""ALGORITHM_VERSION changes exactly when the results of the algorithm change."""

from pathlib import Path

import pytest

from support.algorithm_golden import (
    COMMAND,
    Outcome,
    compare_with_golden,
    golden_file,
    run_algorithm,
)
from tracer_bentos.training.certify.provenance import ALGORITHM_VERSION

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return run_algorithm()


def test_the_results_are_those_of_the_declared_version(outcome: Outcome) -> None:
    error = compare_with_golden(ALGORITHM_VERSION, outcome, GOLDEN)
    assert error is None, error


def test_each_version_up_to_the_declared_one_has_a_golden_file() -> None:
    versions = range(1, ALGORITHM_VERSION + 1)
    assert set(GOLDEN.iterdir()) == {golden_file(GOLDEN, v) for v in versions}


def test_changed_results_without_a_new_version_are_an_error(outcome: Outcome) -> None:
    changed = outcome | {"tickets": outcome["tickets"] | {"rows": "sha256:other"}}

    error = compare_with_golden(ALGORITHM_VERSION, changed, GOLDEN)

    assert error is not None
    assert (
        f"differs from algorithm-{ALGORITHM_VERSION}.json in: tickets / rows" in error
    )
    assert f"raise ALGORITHM_VERSION to {ALGORITHM_VERSION + 1} in" in error
    assert COMMAND in error


def test_a_new_version_without_a_golden_file_is_an_error(outcome: Outcome) -> None:
    version = ALGORITHM_VERSION + 1

    assert compare_with_golden(version, outcome, GOLDEN) == (
        f"ALGORITHM_VERSION is {version}, but algorithm-{version}.json does not exist;"
        f" write it with `{COMMAND}` and commit it"
    )
