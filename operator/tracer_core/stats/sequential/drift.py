"""Drift of a live surrogate: an e-Shiryaev-Roberts detector with a stated run length.

A cumulative test is blind after a long good past. This detector restarts in thought at
every audit: for each alternative it keeps R, which one batch of n audits with
likelihood ratio L turns into ``(n + R) L``, and it alarms when the mean of R over the
alternatives reaches a threshold A.

Claimed: while the surrogate keeps its target, A audits or more pass between false
alarms on average, so n audits bring at most n / A of them; the run length is counted in
audits whatever the size of the batches. After a change the delay grows as log A.
Assumed: as in `sequential`, and a batch ends by number or by time, never because of
what its audits said; audits are looked at only where a batch ends.

Sources: Shin, Ramdas and Rinaldo, "E-detectors" (2023) for the mixture over
alternatives. The batch form is ours: R minus the audits seen is a supermartingale,
since ``E[(n + R) L] <= n + R``.
"""

import math
from dataclasses import dataclass

from tracer_core.stats.sequential.mixture import ABOVE, log_add

__all__ = ["DetectorBatch", "DriftDetector", "audits_to_detect", "drift_threshold"]


@dataclass(frozen=True, slots=True)
class DetectorBatch:
    """What some audits do to R, for each alternative: an affine map, in logs.

    Maps compose, so that pods may each tell theirs; in whichever order they are put
    together, if the order does not depend on what the audits said, the claim holds.
    """

    scales: tuple[float, ...]
    """Logarithm of the factor on R."""
    shifts: tuple[float, ...]
    """Logarithm of what is added."""

    @classmethod
    def batch(cls, disagreed: int, audits: int, target: float) -> "DetectorBatch":
        """Give the map of one batch; a batch of one audit is exact."""
        ratios = ABOVE.log_ratios(disagreed, audits, 1 - target)
        size = math.log(audits) if audits else -math.inf
        return cls(ratios, tuple(size + each for each in ratios))

    def then(self, later: "DetectorBatch") -> "DetectorBatch":
        """Give the map of these audits followed by others."""
        pairs = tuple(zip(self.scales, later.scales, strict=True))
        moved = (
            shift + scale
            for shift, scale in zip(self.shifts, later.scales, strict=True)
        )
        return DetectorBatch(
            tuple(one + other for one, other in pairs),
            tuple(map(log_add, moved, later.shifts)),
        )


@dataclass(frozen=True, slots=True)
class DriftDetector:
    """The detector: R for each alternative, in logs."""

    logs: tuple[float, ...] = (-math.inf,) * len(ABOVE.factors)

    def after(self, stretch: DetectorBatch) -> "DriftDetector":
        """Give the detector after some audits."""
        moved = (
            log + scale for log, scale in zip(self.logs, stretch.scales, strict=True)
        )
        return DriftDetector(tuple(map(log_add, moved, stretch.shifts)))

    @property
    def log_value(self) -> float:
        """The logarithm of what is compared with the threshold."""
        return ABOVE.log_mean(self.logs)


def drift_threshold(audits: float, families: int = 1) -> float:
    """Give the threshold at which one false alarm is expected in so many audits.

    Args:
        audits: Audits of the whole router in the time that is stated.
        families: Sets of detectors that each see every audit once: the whole of a
            revision is one, all its cells together are another.
    """
    return max(1.0, audits * families)


def audits_to_detect(target: float, disagreement: float, threshold: float) -> int:
    """Give about how many audits pass before an alarm once agreement has fallen.

    What the quickest alternative needs if every audit brings its mean: chance makes the
    median shorter, so this is on the safe side (by a half at most, in simulation).

    Raises:
        ValueError: That much disagreement is not above what the target allows.
    """
    boundary = 1 - target
    delays = [
        _delay(disagreement, rate, boundary, math.log(threshold / share))
        for rate, share in zip(ABOVE.rates(boundary), _shares(), strict=True)
    ]
    if min(delays) == math.inf:
        raise ValueError(f"a disagreement of {disagreement} is no loss at {target}")
    return math.ceil(min(delays))


def _shares() -> tuple[float, ...]:
    return tuple(weight / sum(ABOVE.weights) for weight in ABOVE.weights)


def _delay(disagreement: float, rate: float, boundary: float, bound: float) -> float:
    gain = disagreement * math.log(rate / boundary)
    gain += (1 - disagreement) * math.log((1 - rate) / (1 - boundary))
    if gain <= 0:
        return math.inf
    # R is then a geometric sum, whose last term is 1 - exp(-gain) of the whole.
    return max(1.0, (bound + math.log(-math.expm1(-gain))) / gain)
