"""Drift detection of a live surrogate with an e-Shiryaev-Roberts detector.

A cumulative test loses its power after a long period without disagreement. This
detector considers a start at every audit: for each alternative it keeps R, which one
batch of n audits with likelihood ratio L changes to ``(n + R) L``, and it raises an
alarm when the mean of R over the alternatives reaches a threshold A.

Claim: while the surrogate keeps its target, at least A audits pass between false alarms
on average, so n audits cause at most n / A of them. The run length is counted in audits
for any size of the batches. After a change, the delay grows as log A.
Assumes: as for `e_values`; a batch ends by number or by time, and never because of its
audits; audits are evaluated only at the end of a batch.
Source: Shin, Ramdas, and Rinaldo, "E-detectors" (2023) for the mixture over
alternatives. The batch form is specific to this module: R minus the number of audits is
a supermartingale, since ``E[(n + R) L] <= n + R``.
"""

import math
from dataclasses import dataclass

from tracer_core.stats.sequential.mixture import ABOVE, log_add

__all__ = ["DetectorBatch", "DriftDetector", "audits_to_detect", "drift_threshold"]


@dataclass(frozen=True, slots=True)
class DetectorBatch:
    """The effect of a batch of audits on R: an affine map for each alternative.

    Maps can be composed, so that each pod can report its own. If the order of the
    composition does not depend on the audits, the claim holds for any order.
    """

    scales: tuple[float, ...]
    """Natural logarithm of the factor on R, for each alternative."""
    shifts: tuple[float, ...]
    """Natural logarithm of the term that is added to R, for each alternative."""

    @classmethod
    def from_counts(cls, disagreed: int, audits: int, target: float) -> "DetectorBatch":
        """Return the map of one batch; a batch of one audit is exact.

        Args:
            disagreed: Number of audits with disagreement.
            audits: Number of audits.
            target: Certified agreement, in (0, 1).
        """
        ratios = ABOVE.log_ratios(disagreed, audits, 1 - target)
        log_size = math.log(audits) if audits else -math.inf
        return cls(ratios, tuple(log_size + ratio for ratio in ratios))

    def followed_by(self, later: "DetectorBatch") -> "DetectorBatch":
        """Return the map of this batch followed by a later one."""
        scales = zip(self.scales, later.scales, strict=True)
        scaled_shifts = (
            shift + scale
            for shift, scale in zip(self.shifts, later.scales, strict=True)
        )
        return DetectorBatch(
            tuple(first + second for first, second in scales),
            tuple(map(log_add, scaled_shifts, later.shifts)),
        )


@dataclass(frozen=True, slots=True)
class DriftDetector:
    """The state of the detector."""

    logs: tuple[float, ...] = (-math.inf,) * len(ABOVE.factors)
    """Natural logarithm of R for each alternative."""

    def update(self, batch: DetectorBatch) -> "DriftDetector":
        """Return the detector after one more batch of audits."""
        scaled = (
            log + scale for log, scale in zip(self.logs, batch.scales, strict=True)
        )
        return DriftDetector(tuple(map(log_add, scaled, batch.shifts)))

    @property
    def log_value(self) -> float:
        """Natural logarithm of the value that is compared with the threshold."""
        return ABOVE.log_mean(self.logs)


def drift_threshold(audits: float, families: int = 1) -> float:
    """Return the threshold at which one false alarm is expected in a number of audits.

    Args:
        audits: Number of audits of the whole router in the stated time.
        families: Number of sets of detectors that process every audit once: the
            detector of a whole revision is one set, those of all its cells together are
            another.

    Returns:
        The threshold, at least 1.
    """
    return max(1.0, audits * families)


def audits_to_detect(target: float, disagreement: float, threshold: float) -> int:
    """Return the approximate number of audits until an alarm after a loss of agreement.

    It is the delay of the fastest alternative if every audit has its expected effect.
    Random variation makes the median shorter, so this is conservative (by at most a
    half, in simulation).

    Args:
        target: Certified agreement, in (0, 1).
        disagreement: Disagreement after the loss, in (0, 1).
        threshold: Threshold of the detector.

    Raises:
        ValueError: The disagreement is not above `1 - target`.
    """
    boundary = 1 - target
    delays = [
        _delay(disagreement, rate, boundary, math.log(threshold / share))
        for rate, share in zip(ABOVE.rates(boundary), _shares(), strict=True)
    ]
    if min(delays) == math.inf:
        raise ValueError(
            f"a disagreement of {disagreement} is not a loss at target {target}: must"
            f" be above {boundary:.4g}"
        )
    return math.ceil(min(delays))


def _shares() -> tuple[float, ...]:
    return tuple(weight / sum(ABOVE.weights) for weight in ABOVE.weights)


def _delay(disagreement: float, rate: float, boundary: float, bound: float) -> float:
    gain = disagreement * math.log(rate / boundary)
    gain += (1 - disagreement) * math.log((1 - rate) / (1 - boundary))
    if gain <= 0:
        return math.inf
    # R is then a geometric sum, whose last term is the fraction 1 - exp(-gain) of it.
    return max(1.0, (bound + math.log(-math.expm1(-gain))) / gain)
