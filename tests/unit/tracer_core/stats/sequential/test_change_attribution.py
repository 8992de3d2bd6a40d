"""A changed teacher and changed inputs are distinguished by repeated inputs."""

import re
import subprocess
import sys

import numpy as np
import pytest
from scipy.stats import binom, fisher_exact

from tracer_core.stats.sequential.change_attribution import (
    LEVEL,
    ChangeCause,
    RepeatCounts,
    attribute_change,
)


def probability(reason: str) -> float:
    found = re.search(r"p = ([^,]+),", reason)
    assert found
    return float(found[1])


@pytest.mark.parametrize(
    ("before", "recent"), [((300, 3), (120, 30)), ((9, 0), (9, 7))]
)
def test_the_test_of_the_teacher_is_fishers_exact_test(
    before: tuple[int, int], recent: tuple[int, int]
) -> None:
    found = attribute_change(RepeatCounts(*before), RepeatCounts(*recent), loss=0.2)
    table = [[changed, total - changed] for total, changed in (recent, before)]

    expected = fisher_exact(table, alternative="greater").pvalue

    assert probability(found.reason) == pytest.approx(expected, rel=0.05)


def test_the_test_of_the_inputs_is_the_exact_binomial_test() -> None:
    found = attribute_change(RepeatCounts(300, 3), RepeatCounts(120, 4), loss=0.15)

    assert probability(found.reason) == pytest.approx(binom.cdf(4, 120, 0.15), rel=0.05)


def test_the_operator_does_not_import_scipy() -> None:
    code = (
        "import sys; sys.modules['scipy'] = None; "
        "import tracer_router.handlers.reconciler"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_changed_answers_to_repeats_are_attributed_to_the_teacher() -> None:
    found = attribute_change(RepeatCounts(300, 3), RepeatCounts(120, 30), loss=0.2)

    assert found.cause is ChangeCause.TEACHER
    assert (
        "120 repeated inputs since the drop (30 changed answers), 300 before (3)"
        in found.reason
    )
    assert f"level {LEVEL}" in found.reason


def test_unchanged_answers_to_repeats_are_attributed_to_the_inputs() -> None:
    found = attribute_change(RepeatCounts(300, 3), RepeatCounts(120, 1), loss=0.2)

    assert found.cause is ChangeCause.INPUTS


def test_few_repeats_give_no_attribution() -> None:
    found = attribute_change(RepeatCounts(300, 3), RepeatCounts(5, 1), loss=0.2)

    assert found.cause is ChangeCause.UNKNOWN


@pytest.mark.parametrize("recent", [RepeatCounts(0, 0), RepeatCounts(500, 3)])
def test_without_a_loss_nothing_is_attributed_to_inputs(recent: RepeatCounts) -> None:
    assert (
        attribute_change(RepeatCounts(300, 3), recent, loss=0.0).cause
        is ChangeCause.UNKNOWN
    )


@pytest.mark.parametrize("noise", [0.01, 0.05, 0.2])
def test_a_change_of_the_teacher_is_rarely_reported_in_error(noise: float) -> None:
    chance, runs = np.random.default_rng(4), 4_000
    pairs = chance.binomial([400, 150], noise, (runs, 2))

    wrong = sum(
        attribute_change(
            RepeatCounts(400, int(b)), RepeatCounts(150, int(a)), 0.2
        ).cause
        is ChangeCause.TEACHER
        for b, a in pairs
    )

    # Three standard errors for this number of runs.
    assert wrong / runs <= LEVEL + 3 * (LEVEL * (1 - LEVEL) / runs) ** 0.5


@pytest.mark.parametrize("loss", [0.05, 0.2])
def test_a_change_of_the_inputs_is_rarely_reported_in_error(loss: float) -> None:
    chance, runs = np.random.default_rng(5), 4_000

    wrong = sum(
        attribute_change(
            RepeatCounts(400, 400), RepeatCounts(150, int(changed)), loss
        ).cause
        is ChangeCause.INPUTS
        for changed in chance.binomial(150, loss, runs)
    )

    assert wrong / runs <= LEVEL + 3 * (LEVEL * (1 - LEVEL) / runs) ** 0.5
