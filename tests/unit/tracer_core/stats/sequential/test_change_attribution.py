"""A changed teacher is told from changed inputs by what comes again."""

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
    ("before", "lately"), [((300, 3), (120, 30)), ((9, 0), (9, 7))]
)
def test_the_teachers_tail_is_fishers_exact_test(
    before: tuple[int, int], lately: tuple[int, int]
) -> None:
    found = attribute_change(RepeatCounts(*before), RepeatCounts(*lately), loss=0.2)
    table = [[each[1], each[0] - each[1]] for each in (lately, before)]

    expected = fisher_exact(table, alternative="greater").pvalue

    assert probability(found.reason) == pytest.approx(expected, rel=0.05)


def test_the_inputs_tail_is_the_exact_binomial_one() -> None:
    found = attribute_change(RepeatCounts(300, 3), RepeatCounts(120, 4), loss=0.15)

    assert probability(found.reason) == pytest.approx(binom.cdf(4, 120, 0.15), rel=0.05)


def test_the_operator_needs_no_scipy() -> None:
    code = (
        "import sys; sys.modules['scipy'] = None; "
        "import tracer_router.handlers.reconciler"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_teacher_that_answers_repeats_otherwise_has_changed() -> None:
    found = attribute_change(RepeatCounts(300, 3), RepeatCounts(120, 30), loss=0.2)

    assert found.cause is ChangeCause.TEACHER
    assert (
        "of 120 inputs that came again lately the teacher answered 30" in found.reason
    )
    assert f"level {LEVEL}" in found.reason


def test_a_teacher_that_answers_repeats_as_ever_has_not() -> None:
    found = attribute_change(RepeatCounts(300, 3), RepeatCounts(120, 1), loss=0.2)

    assert found.cause is ChangeCause.INPUTS


def test_few_repeats_tell_nothing() -> None:
    found = attribute_change(RepeatCounts(300, 3), RepeatCounts(5, 1), loss=0.2)

    assert found.cause is ChangeCause.UNKNOWN


@pytest.mark.parametrize("lately", [RepeatCounts(0, 0), RepeatCounts(500, 3)])
def test_without_a_loss_no_inputs_are_blamed(lately: RepeatCounts) -> None:
    assert (
        attribute_change(RepeatCounts(300, 3), lately, loss=0.0).cause
        is ChangeCause.UNKNOWN
    )


@pytest.mark.parametrize("noise", [0.01, 0.05, 0.2])
def test_a_steady_teacher_is_seldom_said_to_have_changed(noise: float) -> None:
    chance, runs = np.random.default_rng(4), 4_000
    pairs = chance.binomial([400, 150], noise, (runs, 2))

    wrong = sum(
        attribute_change(
            RepeatCounts(400, int(b)), RepeatCounts(150, int(a)), 0.2
        ).cause
        is ChangeCause.TEACHER
        for b, a in pairs
    )

    # Three standard errors of as many runs.
    assert wrong / runs <= LEVEL + 3 * (LEVEL * (1 - LEVEL) / runs) ** 0.5


@pytest.mark.parametrize("loss", [0.05, 0.2])
def test_inputs_are_seldom_blamed_for_what_the_teacher_did(loss: float) -> None:
    chance, runs = np.random.default_rng(5), 4_000

    wrong = sum(
        attribute_change(
            RepeatCounts(400, 400), RepeatCounts(150, int(otherwise)), loss
        ).cause
        is ChangeCause.INPUTS
        for otherwise in chance.binomial(150, loss, runs)
    )

    assert wrong / runs <= LEVEL + 3 * (LEVEL * (1 - LEVEL) / runs) ** 0.5
