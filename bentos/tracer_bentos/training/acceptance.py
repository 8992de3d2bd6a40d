"""When an answer is trusted: calibration, open cells, gate and the nested family.

Everything here is chosen from out-of-fold predictions on TRAIN, before any certify row
is looked at.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr
from sklearn.linear_model import LogisticRegression

from tracer_bentos.packaging.surrogate import Calibration, Policy, Signals
from tracer_router.parity.fixed_sequence import Chain

__all__ = ["Family", "build_family", "fit_calibration"]

_PRIOR = 8
"""Rows' worth of belief that a cell is like the whole."""
_FLOOR_BELOW_TARGET = 0.02
_STEPS = 100
_WEAK = 0.10
"""A cell is closed when so little agreement would come by chance this seldom. A mean,
shrunk or not, closes a third of the good cells where a cell has a dozen rows."""
_ODD_SHARE = 0.01
"""Share of TRAIN that the gate would have called unfamiliar."""

Agreements = NDArray[np.bool_]
"""For each row, whether the out-of-fold prediction was the teacher's answer."""


@dataclass(frozen=True, slots=True)
class Family:
    """Nested policies, strictest first, and the chain of tests that is declared."""

    policies: tuple[Policy, ...]
    """One for each threshold."""
    chain: Chain
    """The first and the last step that will be tested."""
    predicted: float
    """Agreement at the chain's start as estimated out of fold."""
    hopeful: bool
    """Whether any step reaches the target out of fold."""


def fit_calibration(
    signals: Sequence[Signals], agreed: Agreements, labels: int
) -> Calibration:
    """Fit the probability of agreement to out-of-fold predictions."""
    cells, without = _cell_log_odds(signals, agreed, labels)
    numbers = np.column_stack([[s.numbers() for s in signals], without])
    centre, scale = numbers.mean(axis=0), numbers.std(axis=0) + 1e-9
    if agreed.all() or not agreed.any():
        # Nothing to tell apart: rank by margin.
        return Calibration((0.0, 1.0, 0.0, 0.0, 0.0), 0.0, cells)
    model = LogisticRegression(C=1.0, max_iter=1000)
    model.fit((numbers - centre) / scale, agreed)
    weights = model.coef_[0] / scale
    intercept = float(model.intercept_[0] - weights @ centre)
    return Calibration(tuple(weights.tolist()), intercept, cells)


def build_family(
    signals: Sequence[Signals],
    agreed: Agreements,
    calibration: Calibration,
    target: float,
    certify: int,
) -> Family:
    """Declare the policies to be tested and where the tests start and end.

    Args:
        signals: Out-of-fold signals of the TRAIN rows.
        agreed: Whether each agreed.
        calibration: Gives their scores.
        target: Agreement asked for.
        certify: Number of certify rows to come.
    """
    every = np.array([calibration.score(s) for s in signals])
    gate = _gate(signals, agreed, every, target, len(calibration.cells))
    passing = [i for i, s in enumerate(signals) if gate.passes_gate(s)]
    scores = every[passing]
    thresholds = _thresholds(scores)
    policies = tuple(
        Policy(float(t), gate.known_floor, gate.open_cells) for t in thresholds
    )
    accepted = scores[None, :] >= thresholds[:, None]
    rows = accepted.sum(axis=1)
    share = (accepted & agreed[passing][None, :]).sum(axis=1) / np.maximum(rows, 1)
    start = _start(share, rows * certify / len(signals), target)
    hopeful = np.flatnonzero(share >= target)
    end = max(start, int(hopeful[-1])) if len(hopeful) else start
    return Family(policies, Chain(start, end), float(share[start]), bool(len(hopeful)))


def _cell_log_odds(
    signals: Sequence[Signals], agreed: Agreements, labels: int
) -> tuple[tuple[float, ...], NDArray[np.float64]]:
    # The second form leaves each row's own outcome out, or the fit would see it twice.
    cells = np.array([s.label for s in signals])
    right, rows = _cell_counts(cells, agreed, labels)
    prior = (agreed.sum() + 1) / (len(agreed) + 2)
    every = (right + _PRIOR * prior) / (rows + _PRIOR)
    others = (right[cells] - agreed + _PRIOR * prior) / (rows[cells] - 1 + _PRIOR)
    return tuple(_logit(every).tolist()), _logit(others)


def _cell_counts(
    cells: NDArray[np.intp], agreed: Agreements, labels: int
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    right = np.bincount(cells[agreed], minlength=labels).astype(np.float64)
    return right, np.bincount(cells, minlength=labels)


def _gate(
    signals: Sequence[Signals],
    agreed: Agreements,
    scores: NDArray[np.float64],
    target: float,
    labels: int,
) -> Policy:
    # A cell is judged by what would be answered of it, not by what is unsure anyway.
    answered = scores >= _loosest(scores, agreed, target)
    cells = np.array([s.label for s in signals])[answered]
    right, rows = _cell_counts(cells, agreed[answered], labels)
    by_chance = bdtr(right, rows, target - _FLOOR_BELOW_TARGET)
    known = np.sort([s.known for s in signals])
    return Policy(
        threshold=0.0,
        known_floor=float(known[math.floor(_ODD_SHARE * len(known))]),
        open_cells=tuple((by_chance > _WEAK).tolist()),
    )


def _loosest(scores: NDArray[np.float64], agreed: Agreements, target: float) -> float:
    order = np.argsort(-scores, kind="stable")
    share = np.cumsum(agreed[order]) / np.arange(1, len(order) + 1)
    reached = np.flatnonzero(share >= target)
    return float(scores[order[reached[-1]]]) if len(reached) else float(scores.max())


def _thresholds(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    if not len(scores):
        return np.array([1.0])
    strictest_first = np.sort(scores)[::-1]
    ends = np.ceil(np.arange(1, _STEPS + 1) * len(scores) / _STEPS).astype(int) - 1
    return np.unique(strictest_first[ends])[::-1]


def _start(share: NDArray[np.float64], rows: NDArray[np.float64], target: float) -> int:
    # The most powerful step by prediction; the variance is kept from vanishing.
    spread = np.maximum(share * (1 - share), target * (1 - target) / 4)
    return int(np.argmax((share - target) * np.sqrt(rows / spread)))


def _logit(share: NDArray[np.float64]) -> NDArray[np.float64]:
    logs: NDArray[np.float64] = np.log(share / (1 - share))
    return logs
