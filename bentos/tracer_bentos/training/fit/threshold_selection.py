"""When an answer is trusted: open cells and the nested family of policies.

Everything here is chosen from out-of-fold predictions on TRAIN, before any certify row
is looked at.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr
from scipy.stats import betabinom

from tracer_bentos.surrogate.surrogate import AcceptancePolicy
from tracer_bentos.training.fit.coverage_curve import (
    FINE,
    CoverageCurve,
    OofPredictions,
    coverage_curve,
)
from tracer_bentos.training.fit.out_of_fold import Agreements
from tracer_core.stats.binomial import max_errors
from tracer_core.stats.certificate.fixed_sequence import Chain

__all__ = [
    "CertificationPlan",
    "PolicyFamily",
    "build_policy_family",
    "expected_coverage",
    "expected_threshold",
    "open_cells",
    "passes_as_expected",
    "power_at",
]

_FLOOR_BELOW_TARGET = 0.02
_WEAK = 0.01
"""A cell is closed when so little agreement would come by chance this seldom. A mean,
shrunk or not, closes a third of the good cells where a cell has a dozen rows."""
_TRUST = 5.0
"""How much more the calibration's expectation counts than the share counted: the most
promising of many counts is always a lucky one."""
_PSEUDO_ROWS = (0.95, 0.10)
"""Agreements and disagreements added before power is predicted."""


@dataclass(frozen=True, slots=True)
class CertificationPlan:
    """What will be tested, fixed before any row is looked at."""

    target: float
    """Agreement asked for."""
    level: float
    """Error level of the test."""
    certify: int
    """Certify rows to come."""
    strict: bool = False
    """Whether every cell must reach the target by itself in training."""

    @property
    def floor(self) -> float:
        """Agreement below which a cell is closed."""
        return self.target if self.strict else self.target - _FLOOR_BELOW_TARGET


@dataclass(frozen=True, slots=True)
class PolicyFamily:
    """Nested policies, strictest first, and the chain of tests that is declared."""

    policies: tuple[AcceptancePolicy, ...]
    """One for each threshold."""
    chain: Chain
    """The first and the last step that will be tested."""
    predicted: float
    """Agreement at the chain's start as estimated out of fold."""
    power: float
    """Probability that the first step passes, as predicted; optimistic."""
    hopeful: bool
    """Whether any step reaches the target out of fold."""


def build_policy_family(
    outlook: OofPredictions, aim: CertificationPlan, labels: int
) -> PolicyFamily:
    """Declare the policies to be tested and where the tests start and end."""
    cells = open_cells(outlook, aim, labels)
    reach = coverage_curve(outlook, outlook.known & cells[outlook.labels], FINE)
    power = power_at(reach, aim, len(outlook.labels))
    start = int(np.flatnonzero(power >= power.max() - 1e-9)[-1])
    share = reach.agreed / np.maximum(reach.rows, 1)
    hopeful = np.flatnonzero(share >= aim.target)
    end = max(start, int(hopeful[-1])) if len(hopeful) else start
    opened = tuple(cells.tolist())
    return PolicyFamily(
        policies=tuple(AcceptancePolicy(float(t), opened) for t in reach.thresholds),
        chain=Chain(start, end),
        predicted=float(share[start]),
        power=float(power[start]),
        hopeful=bool(len(hopeful)),
    )


def expected_coverage(outlook: OofPredictions, aim: CertificationPlan) -> float:
    """Give the share of TRAIN expected to be certified: how much, times how surely."""
    reach = coverage_curve(outlook, outlook.known)
    passing = np.flatnonzero(passes_as_expected(reach, aim, len(outlook.labels)))
    # Where no step would pass as expected, what is nearest to it is worth a little.
    most = reach.rows[passing[-1]] / len(outlook.labels) if len(passing) else 1e-3
    return float(most * power_at(reach, aim, len(outlook.labels)).max())


def expected_threshold(outlook: OofPredictions, aim: CertificationPlan) -> float | None:
    """Give the loosest threshold that is expected to pass; none where none is."""
    reach = coverage_curve(outlook, outlook.known)
    passing = np.flatnonzero(passes_as_expected(reach, aim, len(outlook.labels)))
    return float(reach.thresholds[passing[-1]]) if len(passing) else None


def passes_as_expected(
    reach: CoverageCurve, aim: CertificationPlan, trained: int
) -> Agreements:
    """Tell of each step whether it passes if all comes as expected; no rows do not."""
    rows = np.round(reach.rows * aim.certify / trained).astype(int)
    return np.asarray(_smoothed(reach) * rows >= _needed_of(rows, aim))


def open_cells(
    outlook: OofPredictions, aim: CertificationPlan, labels: int
) -> Agreements:
    """Tell, by label, whether its cell is answered at all."""
    # A cell is judged by what would be answered of it, not by what is unsure anyway.
    answered = outlook.scores >= _loosest(outlook, aim.target)
    cells, agreed = outlook.labels[answered], outlook.agreed[answered]
    right = np.bincount(cells[agreed], minlength=labels).astype(np.float64)
    rows = np.bincount(cells, minlength=labels)
    if aim.strict:
        return np.asarray((rows > 0) & (right >= aim.floor * rows))
    return np.asarray(bdtr(right, rows, aim.floor) > _WEAK)


def _loosest(outlook: OofPredictions, target: float) -> float:
    order = np.argsort(-outlook.scores, kind="stable")
    share = np.cumsum(outlook.agreed[order]) / np.arange(1, len(order) + 1)
    reached = np.flatnonzero(share >= target)
    scores = outlook.scores
    return float(scores[order[reached[-1]]]) if len(reached) else float(scores.max())


def _smoothed(reach: CoverageCurve) -> NDArray[np.float64]:
    """Give the agreement of each step, drawn towards what the calibration expects."""
    counted = reach.agreed / np.maximum(reach.rows, 1)
    return (counted + _TRUST * reach.expected) / (1 + _TRUST)


def power_at(
    reach: CoverageCurve, aim: CertificationPlan, trained: int
) -> NDArray[np.float64]:
    """Predict the probability that each step passes, from what TRAIN says of it."""
    rows = np.round(reach.rows * aim.certify / trained).astype(int)
    needed = _needed_of(rows, aim)
    right = _smoothed(reach) * reach.rows
    good, bad = _PSEUDO_ROWS
    found = betabinom.sf(needed - 1, rows, right + good, reach.rows - right + bad)
    return np.where(rows > 0, np.nan_to_num(found), 0.0)


def _needed_of(rows: NDArray[np.intp], aim: CertificationPlan) -> NDArray[np.intp]:
    """Give the agreements that pass the test, one more than all where none would."""
    errors = [max_errors(int(n), aim.target, aim.level) for n in rows]
    allowed = np.array([-1 if most is None else most for most in errors])
    return np.asarray(rows - allowed)
