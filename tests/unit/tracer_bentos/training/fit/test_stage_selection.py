"""Which experts are asked of every input, and which only where others are in doubt."""

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
    """Give an expert that scores the right label by how clear each row is to it."""
    chance = np.random.default_rng([SEED, len(name)])
    rows = len(targets)
    scores = chance.uniform(0, 0.3, size=(rows, LABELS))
    scores[np.arange(rows), targets] += clear
    return FitResult(
        name=name,
        costly=costly,
        expert=UNASKED,
        scores=scores,
        familiar=chance.random(rows),
    )


def two_experts(rows: int, *, costly: bool = False) -> tuple[list[FitResult], Targets]:
    """Give one that sees most rows, and one that sees others: some see neither."""
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


def answered(outlook: OofPredictions, threshold: float) -> NDArray[np.bool_]:
    return outlook.known & (outlook.scores >= threshold)


@pytest.mark.parametrize("costly", [False, True])
def test_the_last_stage_is_asked_only_where_an_earlier_one_is_in_doubt(
    *, costly: bool
) -> None:
    choice = chosen(ROWS, costly=costly)

    first, last = choice.stages
    assert first.doubt is not None
    assert last.doubt is None
    assert set(first.experts) < set(last.experts) or costly


def test_what_is_not_asked_is_decided_as_it_would_have_been() -> None:
    fitted, targets = two_experts(ROWS)
    choice = choose_stages(fitted, targets, AIM, LABELS)
    last = choice.stages[-1]
    threshold = expected_threshold(choice.outlook, AIM)
    assert threshold is not None

    table = build_agreement_table(fitted, ExpertBlend(last.experts, last.weights))
    early = answered(choice.outlook, threshold)
    late = answered(out_of_fold_predictions((last,), (table,), targets), threshold)
    assert late.mean() > 0.5
    assert (early & ~late).sum() <= 0.01 * late.sum()
    assert (late & ~early).sum() <= 0.01 * late.sum()


def test_where_too_few_would_be_answered_to_tell_every_expert_is_asked() -> None:
    (only,) = chosen(300).stages

    assert only.doubt is None
