"""What a policy would do with the TRAIN rows, as judged out of fold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.surrogate.surrogate import Stage
from tracer_bentos.training.fit.out_of_fold import Agreements, Table, scores_of

__all__ = [
    "COARSE",
    "FINE",
    "Outlook",
    "Reach",
    "in_doubt",
    "judge_rows",
    "reach_of",
    "thresholds_of",
]

COARSE, FINE = 100, 400
"""Thresholds to choose by, and those that are tested: the finer they lie, the less is
lost between the last that passes and the next, which fails."""


@dataclass(frozen=True, slots=True)
class Outlook:
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
class Reach:
    """Accepted rows and agreements at each threshold, strictest first."""

    thresholds: NDArray[np.float64]
    """The thresholds."""
    rows: NDArray[np.intp]
    """TRAIN rows accepted."""
    agreed: NDArray[np.intp]
    """Of those, how many agreed."""
    expected: NDArray[np.float64]
    """Mean score of those accepted: agreement as the calibration expects it."""


def judge_rows(
    stages: Sequence[Stage], tables: Sequence[Table], targets: NDArray[np.intp]
) -> Outlook:
    """Give what the stages make of every TRAIN row."""
    found = list(map(_judged, stages, tables))
    labels, scores, known = found[-1]
    for stage, earlier in reversed(list(zip(stages, found[:-1], strict=False))):
        asked = in_doubt(stage, *earlier[1:])
        labels, scores, known = (
            np.where(asked, later, here)
            for here, later in zip(earlier, (labels, scores, known), strict=True)
        )
    return Outlook(labels, scores, known, agreed=labels == targets)


def in_doubt(
    stage: Stage, scores: NDArray[np.float64], known: Agreements
) -> Agreements:
    """Tell of which rows the next stage decides, as `Stage.doubts` does."""
    if stage.doubt is None:
        return np.zeros(len(scores), bool)
    hopeless, sure = stage.doubt
    return np.asarray((scores >= hopeless) & ~(known & (scores >= sure)))


def _judged(stage: Stage, table: Table) -> tuple[NDArray[Any], ...]:
    # As Stage.judge: label, score, whether known.
    scores = scores_of(stage.calibration, table)
    return table.labels, scores, table.numbers[:, 0] >= stage.floor


def thresholds_of(
    scores: NDArray[np.float64], steps: int = COARSE
) -> NDArray[np.float64]:
    """Give up to so many thresholds at equal shares of the rows, strictest first."""
    if not len(scores):
        return np.array([1.0])
    strictest_first = np.sort(scores)[::-1]
    ends = np.ceil(np.arange(1, steps + 1) * len(scores) / steps).astype(int) - 1
    return np.unique(strictest_first[ends])[::-1]


def reach_of(outlook: Outlook, passing: Agreements, steps: int = COARSE) -> Reach:
    """Give what each threshold accepts of the rows that pass the gate."""
    scores, agreed = outlook.scores[passing], outlook.agreed[passing]
    thresholds = thresholds_of(scores, steps)
    accepted = scores[None, :] >= thresholds[:, None]
    rows = accepted.sum(axis=1)
    summed = accepted @ scores
    return Reach(
        thresholds=thresholds,
        rows=rows,
        agreed=(accepted & agreed[None, :]).sum(axis=1),
        expected=summed / np.maximum(rows, 1),
    )
