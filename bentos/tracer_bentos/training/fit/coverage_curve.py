"""What a policy would do with the TRAIN rows, as judged out of fold."""

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
"""Thresholds to choose by, and those that are tested: the finer they lie, the less is
lost between the last that passes and the next, which fails."""


@dataclass(frozen=True, slots=True)
class OofPredictions:
    """Every TRAIN row as the stages judge it without having seen it."""

    labels: NDArray[np.intp]
    """The predicted label of each."""
    scores: NDArray[np.float64]
    """The probability of agreement of each."""
    known: Agreements
    """Whether each is familiar."""
    agreed: Agreements
    """Whether the prediction of each was the teacher's answer."""


@dataclass(frozen=True, slots=True)
class CoverageCurve:
    """Accepted rows and agreements at each threshold, strictest first."""

    thresholds: NDArray[np.float64]
    """The thresholds."""
    rows: NDArray[np.intp]
    """TRAIN rows accepted."""
    agreed: NDArray[np.intp]
    """Of those, how many agreed."""
    expected: NDArray[np.float64]
    """Mean score of those accepted: agreement as the calibration expects it."""


def out_of_fold_predictions(
    stages: Sequence[Stage], tables: Sequence[AgreementTable], targets: NDArray[np.intp]
) -> OofPredictions:
    """Give what the stages make of every TRAIN row."""
    found = list(map(_judged, stages, tables))
    labels, scores, known = found[-1]
    for stage, earlier in reversed(list(zip(stages, found[:-1], strict=False))):
        asked = defers_to_next_stage(stage, *earlier[1:])
        labels, scores, known = (
            np.where(asked, later, here)
            for here, later in zip(earlier, (labels, scores, known), strict=True)
        )
    return OofPredictions(labels, scores, known, agreed=labels == targets)


def defers_to_next_stage(
    stage: Stage, scores: NDArray[np.float64], known: Agreements
) -> Agreements:
    """Tell of which rows the next stage decides, as `Stage.doubts` does."""
    if stage.doubt is None:
        return np.zeros(len(scores), bool)
    hopeless, sure = stage.doubt
    return np.asarray((scores >= hopeless) & ~(known & (scores >= sure)))


def _judged(stage: Stage, table: AgreementTable) -> tuple[NDArray[Any], ...]:
    # As Stage.judge: label, score, whether known.
    scores = agreement_scores(stage.calibration, table)
    return table.labels, scores, table.numbers[:, 0] >= stage.floor


def score_thresholds(
    scores: NDArray[np.float64], steps: int = COARSE
) -> NDArray[np.float64]:
    """Give up to so many thresholds at equal shares of the rows, strictest first."""
    if not len(scores):
        return np.array([1.0])
    strictest_first = np.sort(scores)[::-1]
    ends = np.ceil(np.arange(1, steps + 1) * len(scores) / steps).astype(int) - 1
    return np.unique(strictest_first[ends])[::-1]


def coverage_curve(
    outlook: OofPredictions, passing: Agreements, steps: int = COARSE
) -> CoverageCurve:
    """Give what each threshold accepts of the rows that pass the gate."""
    scores, agreed = outlook.scores[passing], outlook.agreed[passing]
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
