"""A forecast of what a fit would certify, from TRAIN alone and without a test."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from tracer_bentos.training.fit.coverage_curve import (
    CoverageCurve,
    OofPredictions,
    coverage_curve,
)
from tracer_bentos.training.fit.out_of_fold import Agreements
from tracer_bentos.training.fit.threshold_selection import (
    CertificationPlan,
    open_cells,
    passes_as_expected,
    power_at,
)

__all__ = ["LIKELY", "CertificationForecast", "forecast_certification"]

LIKELY = 0.8
"""Probability of passing for which the required rows are computed."""
_HOPELESS = 0.05
"""Probability below which the forecast is a share of 0."""
_GROWTH = 1.1
_FEWEST = 20
_MOST = 100
"""Largest multiple of the available certify rows that is tried."""


@dataclass(frozen=True, slots=True)
class CertificationForecast:
    """The forecast for one target."""

    share: float
    """Share of traffic that would be answered with enough rows; 0 if unlikely."""
    chance: float
    """Probability that a test passes with the available rows."""
    certify: int | None
    """Certify rows for a probability of `LIKELY`; none if more rows do not help."""
    answered: Agreements
    """Which TRAIN rows would be answered, shape (n,)."""


def forecast_certification(
    predictions: OofPredictions, plan: CertificationPlan, labels: int
) -> CertificationForecast:
    """Forecast how far the declared chain of tests would pass.

    Args:
        predictions: Out-of-fold predictions for the TRAIN rows.
        plan: What would be tested.
        labels: Number of labels.
    """
    passing = (
        predictions.in_distribution
        & open_cells(predictions, plan, labels)[predictions.labels]
    )
    curve = coverage_curve(predictions, passing)
    trained = len(predictions.labels)
    required = _required_rows(curve, plan, trained)
    # With too few available rows, the share is the one with enough rows.
    future_plan = replace(plan, certify=max(plan.certify, required or 0))
    power = power_at(curve, future_plan, trained)
    start = int(np.flatnonzero(power >= power.max() - 1e-9)[-1])
    last = _last_expected(curve, future_plan, trained, start)
    answered = passing & (predictions.scores >= curve.thresholds[last])
    return CertificationForecast(
        share=float(answered.mean()) if power[start] > _HOPELESS else 0.0,
        chance=float(power_at(curve, plan, trained).max()),
        certify=required,
        answered=np.asarray(answered & (power[start] > _HOPELESS)),
    )


def _last_expected(
    curve: CoverageCurve, plan: CertificationPlan, trained: int, start: int
) -> int:
    """Return the last step, from the start on, that passes with the expected counts."""
    passes = passes_as_expected(curve, plan, trained)
    failing = np.flatnonzero(~passes[start + 1 :])
    return start + (int(failing[0]) if len(failing) else len(passes) - start - 1)


def _required_rows(
    curve: CoverageCurve, plan: CertificationPlan, trained: int
) -> int | None:
    for certify in _sizes(plan.certify):
        power = power_at(curve, replace(plan, certify=certify), trained)
        if power.max() >= LIKELY:
            return certify
    return None


def _sizes(first: int) -> Iterator[int]:
    size = begin = max(first, _FEWEST)
    while size <= _MOST * begin:
        yield size
        size = math.ceil(size * _GROWTH)
