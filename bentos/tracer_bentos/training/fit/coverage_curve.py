"""Coverage and agreement of policies on the TRAIN rows, out of fold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.surrogate.surrogate import DIGITS, Stage
from tracer_bentos.training.fit.out_of_fold import (
    Agreements,
    AgreementTable,
    agreement_scores,
)

__all__ = [
    "COARSE",
    "FINE",
    "CoverageCurve",
    "OofPredictions",
    "coverage_curve",
    "defers_to_next_stage",
    "out_of_fold_predictions",
    "score_thresholds",
]

COARSE, FINE = 100, 400
"""Number of thresholds for choices and for the tests. A finer grid loses less coverage
between the last threshold that passes and the next one, which fails."""


@dataclass(frozen=True, slots=True)
class OofPredictions:
    """Predictions for all n TRAIN rows, from fits without the row; shapes (n,)."""

    labels: NDArray[np.intp]
    """Index of the predicted label."""
    scores: NDArray[np.float64]
    """Calibrated probability of agreement."""
    in_distribution: Agreements
    """Whether the row passes the out-of-distribution gate."""
    agreed: Agreements
    """Whether the prediction is the answer of the teacher."""


@dataclass(frozen=True, slots=True)
class CoverageCurve:
    """Accepted rows and agreements at each threshold, strictest first."""

    thresholds: NDArray[np.float64]
    """The thresholds, shape (t,)."""
    rows: NDArray[np.intp]
    """Accepted TRAIN rows."""
    agreed: NDArray[np.intp]
    """Accepted rows that agreed."""
    expected: NDArray[np.float64]
    """Mean score of the accepted rows: the agreement that the calibration expects."""


def out_of_fold_predictions(
    stages: Sequence[Stage], tables: Sequence[AgreementTable], targets: NDArray[np.intp]
) -> OofPredictions:
    """Return the out-of-fold predictions of stages for all TRAIN rows.

    Args:
        stages: The stages, in the order in which they decide.
        tables: Out-of-fold features of the TRAIN rows for each stage.
        targets: Index of the answer of the teacher, shape (n,).
    """
    decisions = list(map(_decisions, stages, tables))
    labels, scores, in_distribution = decisions[-1]
    for stage, first_stage in reversed(list(zip(stages, decisions[:-1], strict=False))):
        deferred = defers_to_next_stage(stage, *first_stage[1:])
        labels, scores, in_distribution = (
            np.where(deferred, later, first)
            for first, later in zip(
                first_stage, (labels, scores, in_distribution), strict=True
            )
        )
    return OofPredictions(labels, scores, in_distribution, agreed=labels == targets)


def defers_to_next_stage(
    stage: Stage, scores: NDArray[np.float64], in_distribution: Agreements
) -> Agreements:
    """Return which rows the next stage decides, as `Stage.defers` does for one row."""
    if stage.deferral_range is None:
        return np.zeros(len(scores), bool)
    lower, upper = stage.deferral_range
    return np.asarray((scores >= lower) & ~(in_distribution & (scores >= upper)))


def _decisions(stage: Stage, table: AgreementTable) -> tuple[NDArray[Any], ...]:
    # As Stage.decide: label, score, whether in distribution.
    scores = agreement_scores(stage.calibration, table)
    return table.labels, scores, table.numbers[:, 0] >= stage.ood_threshold


def score_thresholds(
    scores: NDArray[np.float64], steps: int = COARSE
) -> NDArray[np.float64]:
    """Return up to `steps` thresholds at equal shares of the rows, strictest first."""
    if not len(scores):
        return np.array([1.0])
    strictest_first = np.sort(scores)[::-1]
    ends = np.ceil(np.arange(1, steps + 1) * len(scores) / steps).astype(int) - 1
    return np.unique(strictest_first[ends])[::-1]


def coverage_curve(
    predictions: OofPredictions, passing: Agreements, steps: int = COARSE
) -> CoverageCurve:
    """Return what each threshold accepts of the rows that pass the gate."""
    scores, agreed = predictions.scores[passing], predictions.agreed[passing]
    thresholds = score_thresholds(scores, steps)
    accepted = scores[None, :] >= thresholds[:, None]
    rows = accepted.sum(axis=1)
    # Whole numbers: their sum is exact in any order.
    summed = accepted @ np.rint(scores * 10**DIGITS).astype(np.int64)
    return CoverageCurve(
        thresholds=thresholds,
        rows=rows,
        agreed=(accepted & agreed[None, :]).sum(axis=1),
        expected=summed / 10**DIGITS / np.maximum(rows, 1),
    )
