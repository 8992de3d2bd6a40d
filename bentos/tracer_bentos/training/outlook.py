"""What a policy would do with the TRAIN rows, as judged out of fold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.packaging.surrogate import Stage
from tracer_bentos.training.judging import Agreements, Table, scores_of

__all__ = [
    "COARSE",
    "FINE",
    "Outlook",
    "Reach",
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
    sure: Agreements
    """Whether an early stage answered each."""
    agreed: Agreements
    """Whether the prediction of each was the teacher's answer."""

    @property
    def ranks(self) -> NDArray[np.float64]:
        """Scores, with 1 for what passes every threshold."""
        return np.where(self.sure, 1.0, self.scores)


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
    labels, scores, known, sure = found[-1]
    for earlier in reversed(found[:-1]):
        first = earlier[-1]
        labels, scores, known, sure = (
            np.where(first, here, later)
            for here, later in zip(earlier, (labels, scores, known, sure), strict=True)
        )
    return Outlook(labels, scores, known, sure, agreed=labels == targets)


def _judged(stage: Stage, table: Table) -> tuple[NDArray[Any], ...]:
    # As Stage.judge: label, score, whether known, whether sure.
    scores = scores_of(stage.calibration, table)
    known = table.numbers[:, 0] >= stage.floor
    sure = known & (stage.sure > 0) & (scores >= stage.sure)
    return table.labels, scores, known, sure


def thresholds_of(
    ranks: NDArray[np.float64], steps: int = COARSE
) -> NDArray[np.float64]:
    """Give up to so many thresholds at equal shares of the rows, strictest first."""
    if not len(ranks):
        return np.array([1.0])
    strictest_first = np.sort(ranks)[::-1]
    ends = np.ceil(np.arange(1, steps + 1) * len(ranks) / steps).astype(int) - 1
    return np.unique(strictest_first[ends])[::-1]


def reach_of(outlook: Outlook, passing: Agreements, steps: int = COARSE) -> Reach:
    """Give what each threshold accepts of the rows that pass the gate."""
    ranks, agreed = outlook.ranks[passing], outlook.agreed[passing]
    thresholds = thresholds_of(ranks, steps)
    accepted = ranks[None, :] >= thresholds[:, None]
    rows = accepted.sum(axis=1)
    summed = accepted @ outlook.scores[passing]
    return Reach(
        thresholds=thresholds,
        rows=rows,
        agreed=(accepted & agreed[None, :]).sum(axis=1),
        expected=summed / np.maximum(rows, 1),
    )
