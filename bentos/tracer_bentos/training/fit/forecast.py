"""What a fit would probably certify, judged out of fold and never by a test."""

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
"""Chance of passing that rows are counted for."""
_HOPELESS = 0.05
"""Chance below which no share is named at all."""
_GROWTH = 1.1
_FEWEST = 20
_MOST = 100
"""Times the rows at hand beyond which it is said that rows alone do not help."""


@dataclass(frozen=True, slots=True)
class CertificationForecast:
    """An estimate for one target."""

    share: float
    """Share of traffic that would be answered, with enough rows; 0 without hope."""
    chance: float
    """Probability that anything is, with the rows at hand."""
    certify: int | None
    """Certify rows with which the chance is good; none when more do not help."""
    answered: Agreements
    """Which of the TRAIN rows would be answered."""


def forecast_certification(
    outlook: OofPredictions, aim: CertificationPlan, labels: int
) -> CertificationForecast:
    """Estimate what the declared chain of tests would reach.

    Args:
        outlook: TRAIN rows as judged without having seen them.
        aim: What would be tested.
        labels: Number of labels.
    """
    passing = outlook.known & open_cells(outlook, aim, labels)[outlook.labels]
    reach = coverage_curve(outlook, passing)
    trained = len(outlook.labels)
    enough = _enough(reach, aim, trained)
    # Where the rows at hand are too few, the share is what it will be with enough.
    later = replace(aim, certify=max(aim.certify, enough or 0))
    power = power_at(reach, later, trained)
    start = int(np.flatnonzero(power >= power.max() - 1e-9)[-1])
    last = _last_expected(reach, later, trained, start)
    answered = passing & (outlook.scores >= reach.thresholds[last])
    return CertificationForecast(
        share=float(answered.mean()) if power[start] > _HOPELESS else 0.0,
        chance=float(power_at(reach, aim, trained).max()),
        certify=enough,
        answered=np.asarray(answered & (power[start] > _HOPELESS)),
    )


def _last_expected(
    reach: CoverageCurve, aim: CertificationPlan, trained: int, start: int
) -> int:
    """Give the last step from the start on that passes if all comes as expected."""
    passes = passes_as_expected(reach, aim, trained)
    failing = np.flatnonzero(~passes[start + 1 :])
    return start + (int(failing[0]) if len(failing) else len(passes) - start - 1)


def _enough(reach: CoverageCurve, aim: CertificationPlan, trained: int) -> int | None:
    for certify in _sizes(aim.certify):
        power = power_at(reach, replace(aim, certify=certify), trained)
        if power.max() >= LIKELY:
            return certify
    return None


def _sizes(first: int) -> Iterator[int]:
    size = begin = max(first, _FEWEST)
    while size <= _MOST * begin:
        yield size
        size = math.ceil(size * _GROWTH)
