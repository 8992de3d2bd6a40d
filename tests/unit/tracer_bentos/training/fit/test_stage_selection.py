"""Which experts decide all inputs, and which only inputs that a first stage defers."""

import numpy as np
import pytest
from numpy.typing import NDArray

from support.unasked_expert import UNASKED
from tracer_bentos.training.fit.coverage_curve import (
    OofPredictions,
    out_of_fold_predictions,
)
from tracer_bentos.training.fit.experts.fit_result import FitResult, Targets
from tracer_bentos.training.fit.out_of_fold import ExpertBlend, build_agreement_table
from tracer_bentos.training.fit.stage_selection import StageChoice, choose_stages
from tracer_bentos.training.fit.threshold_selection import (
    CertificationPlan,
    expected_threshold,
)

LABELS = 10
ROWS = 6_000
SEED = 3
AIM = CertificationPlan(target=0.9, level=0.025, certify=2_000)


def expert(
    name: str, targets: Targets, clear: NDArray[np.float64], *, costly: bool = False
) -> FitResult:
    """Return an expert whose score of the right label is higher for clear rows."""
    chance = np.random.default_rng([SEED, len(name)])
    rows = len(targets)
    scores = chance.uniform(0, 0.3, size=(rows, LABELS))
    scores[np.arange(rows), targets] += clear
    return FitResult(
        name=name,
        costly=costly,
        expert=UNASKED,
        scores=scores,
        similarity=chance.random(rows),
    )


def two_experts(rows: int, *, costly: bool = False) -> tuple[list[FitResult], Targets]:
    """Return two experts that are good on different rows; some rows suit neither."""
    chance = np.random.default_rng(SEED)
    targets = chance.integers(0, LABELS, rows)
    kind = chance.random(rows)
    first = np.select([kind < 0.5, kind < 0.75], [0.8, 0.15])
    second = np.select([kind < 0.5, kind < 0.75], [0.6, 0.8])
    return [
        expert("first", targets, first),
        expert("second", targets, second, costly=costly),
    ], targets


def chosen(rows: int, *, costly: bool = False) -> StageChoice:
    fitted, targets = two_experts(rows, costly=costly)
    return choose_stages(fitted, targets, AIM, LABELS)


def answered(predictions: OofPredictions, threshold: float) -> NDArray[np.bool_]:
    return predictions.in_distribution & (predictions.scores >= threshold)


@pytest.mark.parametrize("costly", [False, True])
def test_the_last_stage_decides_only_inputs_that_an_earlier_stage_defers(
    *, costly: bool
) -> None:
    choice = chosen(ROWS, costly=costly)

    first, last = choice.stages
    assert first.deferral_range is not None
    assert last.deferral_range is None
    assert set(first.experts) < set(last.experts) or costly


def test_inputs_that_the_first_stage_decides_get_the_decision_of_the_last_stage() -> (
    None
):
    fitted, targets = two_experts(ROWS)
    choice = choose_stages(fitted, targets, AIM, LABELS)
    last = choice.stages[-1]
    threshold = expected_threshold(choice.predictions, AIM)
    assert threshold is not None

    table = build_agreement_table(fitted, ExpertBlend(last.experts, last.weights))
    early = answered(choice.predictions, threshold)
    late = answered(out_of_fold_predictions((last,), (table,), targets), threshold)
    assert late.mean() > 0.5
    assert (early & ~late).sum() <= 0.01 * late.sum()
    assert (late & ~early).sum() <= 0.01 * late.sum()


def test_with_too_few_answered_rows_there_is_one_stage() -> None:
    (only,) = chosen(300).stages

    assert only.deferral_range is None
