"""Out-of-fold features of all rows equal those of each row alone."""

from dataclasses import replace

import numpy as np
import pytest

from support.unasked_expert import UNASKED
from tracer_bentos.surrogate.base.expert import ExpertScores
from tracer_bentos.surrogate.surrogate import (
    AgreementCalibration,
    AgreementFeatures,
    Stage,
    agreement_features,
)
from tracer_bentos.training.fit.coverage_curve import out_of_fold_predictions
from tracer_bentos.training.fit.experts.fit_result import FitResult
from tracer_bentos.training.fit.out_of_fold import ExpertBlend, build_agreement_table

ROWS = 200


def experts(labels: int, count: int) -> list[FitResult]:
    chance = np.random.default_rng([labels, count])
    return [
        FitResult(
            name=f"expert {number}",
            costly=False,
            expert=UNASKED,
            # Coarse values cause ties.
            scores=np.round(chance.normal(size=(ROWS, labels)), 1) / 7,
            similarity=chance.random(ROWS),
        )
        for number in range(count)
    ]


def alone(fitted: list[FitResult], blend: ExpertBlend, row: int) -> AgreementFeatures:
    opinions = [
        ExpertScores(fitted[i].scores[row], float(fitted[i].similarity[row]))
        for i in blend.experts
    ]
    return agreement_features(opinions, blend.weights)


def stage_of(blend: ExpertBlend, numbers: int, labels: int) -> Stage:
    chance = np.random.default_rng(numbers)
    calibration = AgreementCalibration(
        tuple(chance.normal(scale=0.5, size=numbers + 1).tolist()),
        0.3,
        tuple(chance.normal(size=labels).tolist()),
    )
    return Stage("stage", blend.experts, blend.weights, calibration, 0.1)


@pytest.mark.parametrize("labels", [2, 4, 5, 6, 77])
@pytest.mark.parametrize(
    "blend",
    [
        ExpertBlend((0,), (1.0,)),
        ExpertBlend((0, 1), (0.3, 0.7)),
        ExpertBlend((0, 1, 2), (0.2, 0.3, 0.5)),
    ],
)
def test_features_and_scores_are_equal_to_the_last_bit(
    labels: int, blend: ExpertBlend
) -> None:
    fitted = experts(labels, 3)
    single = [alone(fitted, blend, row) for row in range(ROWS)]
    table = build_agreement_table(fitted, blend)
    assert [
        AgreementFeatures(int(label), tuple(numbers))
        for label, numbers in zip(table.labels, table.numbers.tolist(), strict=True)
    ] == single

    last = stage_of(blend, table.numbers.shape[1], labels)
    scores = sorted(last.decide(signals).score for signals in single)
    early = replace(last, deferral_range=(scores[60], scores[140]))
    last = replace(last, calibration=replace(last.calibration, intercept=-0.3))
    judged = [early.decide(signals) for signals in single]
    assert {early.defers(judgement) for judgement in judged} == {True, False}
    found = out_of_fold_predictions((early, last), (table, table), table.labels)
    assert [
        (int(label), score, bool(in_distribution))
        for label, score, in_distribution in zip(
            found.labels, found.scores.tolist(), found.in_distribution, strict=True
        )
    ] == [
        (decided.label, decided.score, decided.in_distribution)
        for decided in (
            last.decide(signals) if early.defers(first) else first
            for first, signals in zip(judged, single, strict=True)
        )
    ]
    assert found.agreed.all()
