"""The drift detector on many streams at once, checked against the product."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from benchmarks.rollout.worlds import World
from tracer_core.stats.sequential.drift_detector import (
    DetectorBatch,
    DriftDetector,
    drift_threshold,
)
from tracer_core.stats.sequential.mixture import ABOVE

__all__ = ["Detectors", "delays", "false_alarms", "late_run_lengths", "run_lengths"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Length = tuple[float, float]
"""A mean run length and its standard error."""

TARGET = 0.95


@dataclass
class Detectors:
    """R of many detectors, by stream and alternative."""

    values: Floats
    ratios: Floats
    """Log ratio of a disagreement and of an agreement, by alternative."""

    @classmethod
    def fresh(cls, streams: int) -> Self:
        """Return detectors before the first audit."""
        up = ABOVE.log_ratios(1, 1, 1 - TARGET)
        down = ABOVE.log_ratios(0, 1, 1 - TARGET)
        return cls(np.zeros((streams, len(up))), np.array([up, down]))

    def add(self, disagreed: Ints, audits: Ints) -> Floats:
        """Add a batch to each detector and return the statistics."""
        logs = disagreed[:, None] * self.ratios[0]
        logs = logs + (audits - disagreed)[:, None] * self.ratios[1]
        # Far above every threshold the value has no effect; keep it finite.
        grown = (audits[:, None] + self.values) * np.exp(np.minimum(logs, 600))
        self.values = np.minimum(grown, 1e30)
        found: Floats = self.values @ np.array(ABOVE.weights) / sum(ABOVE.weights)
        return found

    def restart(self, alarmed: NDArray[np.bool_]) -> None:
        """Reset detectors after an alarm."""
        self.values[alarmed] = 0


def check(batches: int = 400) -> None:
    """Compare with the detector of the product on random batches.

    Raises:
        AssertionError: The results differ.
    """
    chance, real, copy = np.random.default_rng(9), DriftDetector(), Detectors.fresh(1)
    for _ in range(batches):
        audits = int(chance.integers(0, 40))
        disagreed = int(chance.binomial(audits, chance.choice([0.03, 0.05, 0.1])))
        real = real.update(DetectorBatch.from_counts(disagreed, audits, TARGET))
        value = copy.add(np.array([disagreed]), np.array([audits]))[0]
        same = value == 0 or math.isclose(math.log(value), real.log_value, rel_tol=1e-9)
        assert same  # noqa: S101 - the purpose
        if value > 1e9:  # noqa: PLR2004 - any large number
            real, copy = DriftDetector(), Detectors.fresh(1)


def delays(
    after: float, batch: int, runs: int, seed: int, threshold: float = 1e4
) -> Floats:
    """Return the audits between a change from 2% and the alarm, for many streams.

    Streams with an alarm before the change are excluded.
    """
    chance, before, longest = np.random.default_rng(seed), 500, 6_000
    detectors, found = Detectors.fresh(runs), np.zeros(runs)
    size = np.full(runs, batch)
    for audits in range(batch, before + longest + 1, batch):
        rate = 0.02 if audits <= before else after
        alarm = detectors.add(chance.binomial(batch, rate, runs), size) >= threshold
        found = np.where(alarm & (found == 0), audits - before, found)
        if (found != 0).all():
            break
    late = np.where(found == 0, np.inf, found)
    return late[late > 0]


def run_lengths(
    rate: float, batch: int, runs: int, seed: int, threshold: float
) -> Length:
    """Return the mean audits to a false alarm, and its standard error.

    Streams end at ten times the threshold.
    """
    chance, longest = np.random.default_rng(seed), int(10 * threshold)
    detectors, found = Detectors.fresh(runs), np.zeros(runs)
    size = np.full(runs, batch)
    for audits in range(batch, longest + 1, batch):
        alarm = detectors.add(chance.binomial(batch, rate, runs), size) >= threshold
        found = np.where(alarm & (found == 0), audits, found)
        if (found > 0).all():
            break
    lengths = np.where(found == 0, longest, found)
    return float(lengths.mean()), float(lengths.std() / math.sqrt(runs))


def late_run_lengths(rate: float, runs: int, seed: int, threshold: float) -> Length:
    """Return the same if disagreements are known 100 audits late.

    Batches then end every 25 audits, at the completed prefix. Their ends depend on the
    results of the audits, which the claim excludes.
    """
    longest = int(10 * threshold)
    late = World("late", late=True)
    detectors, found = Detectors.fresh(runs), np.zeros(runs)
    told, bad = np.zeros(runs, np.int64), np.zeros(runs, np.int64)
    for now, counts in enumerate(late.looks(rate, runs, longest, seed), start=1):
        if now % 25:
            continue
        value = detectors.add(counts.disagreed - bad, counts.total - told)
        told, bad = counts.total, counts.disagreed
        found = np.where((value >= threshold) & (found == 0), told, found)
        if (found > 0).all():
            break
    lengths = np.where(found == 0, longest, found)
    return float(lengths.mean()), float(lengths.std() / math.sqrt(runs))


def false_alarms(rate: float, routers: int, seed: int) -> Ints:
    """Return the false alarms of whole routers in the stated time.

    40 cells with unequal traffic (proportional to 1/rank) and the total, 36,000 audits
    in that time, and a batch for each cell every 25 audits of the router.
    """
    cells, audits, batch = 40, 36_000, 25
    chance = np.random.default_rng(seed)
    share = 1 / np.arange(1, cells + 1)
    threshold = drift_threshold(audits, families=2)
    parts, whole = Detectors.fresh(routers * cells), Detectors.fresh(routers)
    alarms = np.zeros(routers, np.int64)
    for _ in range(audits // batch):
        sizes = chance.multinomial(batch, share / share.sum(), routers)
        found = chance.binomial(sizes, rate)
        rung = parts.add(found.ravel(), sizes.ravel()) >= threshold
        parts.restart(rung)
        alarms += rung.reshape(routers, cells).sum(axis=1)
        rung = whole.add(found.sum(axis=1), sizes.sum(axis=1)) >= threshold
        whole.restart(rung)
        alarms += rung
    return alarms
