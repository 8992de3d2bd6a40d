"""Selection of open cells and of the nested family of policies to test.

All choices use out-of-fold predictions on TRAIN, before a certify row is examined.
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
"""A cell is closed if agreement as low as counted has at most this probability for a
cell at the floor. A rule on the mean, shrunk or not, closes a third of the good cells
if a cell has a dozen rows."""
_CALIBRATION_WEIGHT = 5.0
"""Weight of the agreement that the calibration expects, relative to the counted
agreement: the largest of many counts is biased upward."""
_PSEUDO_ROWS = (0.95, 0.10)
"""Agreements and disagreements that are added before power is predicted."""


@dataclass(frozen=True, slots=True)
class CertificationPlan:
    """The parameters of the test, fixed before a row is examined."""

    target: float
    """Required agreement, as a fraction."""
    level: float
    """Error level of the test."""
    certify: int
    """Number of certify rows."""
    strict: bool = False
    """Whether each cell must reach the target in training."""

    @property
    def floor(self) -> float:
        """The agreement below which a cell is closed."""
        return self.target if self.strict else self.target - _FLOOR_BELOW_TARGET


@dataclass(frozen=True, slots=True)
class PolicyFamily:
    """Nested policies, strictest first, and the declared chain of tests."""

    policies: tuple[AcceptancePolicy, ...]
    """One policy for each threshold."""
    chain: Chain
    """The first and the last step to test."""
    predicted: float
    """Out-of-fold agreement at the start of the chain."""
    power: float
    """Predicted probability that the first step passes; optimistic."""
    reached: bool
    """Whether some step reaches the target out of fold."""


def build_policy_family(
    predictions: OofPredictions, plan: CertificationPlan, labels: int
) -> PolicyFamily:
    """Return the policies to test, with the declared start and end of the tests.

    Args:
        predictions: Out-of-fold predictions for the TRAIN rows.
        plan: The parameters of the test.
        labels: Number of labels.
    """
    cells = open_cells(predictions, plan, labels)
    curve = coverage_curve(
        predictions, predictions.in_distribution & cells[predictions.labels], FINE
    )
    power = power_at(curve, plan, len(predictions.labels))
    start = int(np.flatnonzero(power >= power.max() - 1e-9)[-1])
    share = curve.agreed / np.maximum(curve.rows, 1)
    reached = np.flatnonzero(share >= plan.target)
    end = max(start, int(reached[-1])) if len(reached) else start
    open_labels = tuple(cells.tolist())
    return PolicyFamily(
        policies=tuple(
            AcceptancePolicy(float(t), open_labels) for t in curve.thresholds
        ),
        chain=Chain(start, end),
        predicted=float(share[start]),
        power=float(power[start]),
        reached=bool(len(reached)),
    )


def expected_coverage(predictions: OofPredictions, plan: CertificationPlan) -> float:
    """Return the expected certified share of TRAIN: coverage times power."""
    curve = coverage_curve(predictions, predictions.in_distribution)
    passing = np.flatnonzero(passes_as_expected(curve, plan, len(predictions.labels)))
    # If no step would pass, the blends are ranked by power alone.
    share = curve.rows[passing[-1]] / len(predictions.labels) if len(passing) else 1e-3
    return float(share * power_at(curve, plan, len(predictions.labels)).max())


def expected_threshold(
    predictions: OofPredictions, plan: CertificationPlan
) -> float | None:
    """Return the loosest threshold that is expected to pass, or none."""
    curve = coverage_curve(predictions, predictions.in_distribution)
    passing = np.flatnonzero(passes_as_expected(curve, plan, len(predictions.labels)))
    return float(curve.thresholds[passing[-1]]) if len(passing) else None


def passes_as_expected(
    curve: CoverageCurve, plan: CertificationPlan, trained: int
) -> Agreements:
    """Return whether each step passes with the expected counts, shape (t,).

    Args:
        curve: Accepted rows and agreements at each of t thresholds.
        plan: The parameters of the test.
        trained: Number of TRAIN rows.
    """
    rows = np.round(curve.rows * plan.certify / trained).astype(int)
    return np.asarray(_smoothed(curve) * rows >= _required_agreements(rows, plan))


def open_cells(
    predictions: OofPredictions, plan: CertificationPlan, labels: int
) -> Agreements:
    """Return, by label, whether its cell is open, shape (labels,)."""
    # Only rows that would be answered count, not those with a low score.
    answered = predictions.scores >= _loosest(predictions, plan.target)
    cells, agreed = predictions.labels[answered], predictions.agreed[answered]
    right = np.bincount(cells[agreed], minlength=labels).astype(np.float64)
    rows = np.bincount(cells, minlength=labels)
    if plan.strict:
        return np.asarray((rows > 0) & (right >= plan.floor * rows))
    return np.asarray(bdtr(right, rows, plan.floor) > _WEAK)


def _loosest(predictions: OofPredictions, target: float) -> float:
    order = np.argsort(-predictions.scores, kind="stable")
    share = np.cumsum(predictions.agreed[order]) / np.arange(1, len(order) + 1)
    reached = np.flatnonzero(share >= target)
    scores = predictions.scores
    return float(scores[order[reached[-1]]]) if len(reached) else float(scores.max())


def _smoothed(curve: CoverageCurve) -> NDArray[np.float64]:
    """Return the agreement of each step, shrunk to what the calibration expects."""
    counted = curve.agreed / np.maximum(curve.rows, 1)
    return (counted + _CALIBRATION_WEIGHT * curve.expected) / (1 + _CALIBRATION_WEIGHT)


def power_at(
    curve: CoverageCurve, plan: CertificationPlan, trained: int
) -> NDArray[np.float64]:
    """Return the predicted probability that each step passes, shape (t,).

    The agreements among the certify rows are beta-binomial, with the counts on TRAIN
    as prior.

    Args:
        curve: Accepted rows and agreements at each of t thresholds.
        plan: The parameters of the test.
        trained: Number of TRAIN rows.
    """
    rows = np.round(curve.rows * plan.certify / trained).astype(int)
    required = _required_agreements(rows, plan)
    right = _smoothed(curve) * curve.rows
    good, bad = _PSEUDO_ROWS
    power = betabinom.sf(required - 1, rows, right + good, curve.rows - right + bad)
    return np.where(rows > 0, np.nan_to_num(power), 0.0)


def _required_agreements(
    rows: NDArray[np.intp], plan: CertificationPlan
) -> NDArray[np.intp]:
    """Return the agreements that a pass requires; rows + 1 if no count passes."""
    errors = [max_errors(int(n), plan.target, plan.level) for n in rows]
    allowed = np.array([-1 if most is None else most for most in errors])
    return np.asarray(rows - allowed)
