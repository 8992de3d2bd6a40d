"""The rules of Argo Rollouts, Flagger, and Kayenta on streams of audits.

Written from their sources and documentation (Argo Rollouts `analysis/analysis.go` and
`docs/features/analysis.md`, Flagger `pkg/controller/scheduler.go`, Kayenta
`NetflixACAJudge.scala`), not run. The metric is the agreement of a window of audits,
the threshold is the target, and the settings are those of their documentation.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["PEERS", "Peer"]

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

TARGET = 0.95
_Z_98 = 2.326347874
_COMPARED = 2_000
"""Number of streams for the rule of Kayenta, which sorts all pairs of points."""


@dataclass(frozen=True)
class Peer:
    """One rule with its window of audits."""

    name: str
    window: int
    """Number of audits of one measurement."""
    judge: Callable[[Floats], Flags]
    """Maps the agreement of each window, by stream, to the promoted streams."""

    def promoted(self, disagreed: Flags) -> float:
        """Return the share of the streams that the rule promotes."""
        runs, audits = disagreed.shape
        windows = audits // self.window
        shape = (runs, windows, self.window)
        found = disagreed[:, : windows * self.window].reshape(shape)
        return float(self.judge(1 - found.mean(axis=2)).mean())


def _argo(windows: Floats) -> Flags:
    """8 measurements, `failureLimit: 3`: the fourth failure fails the analysis."""
    found: Flags = (windows[:, :8] < TARGET).sum(axis=1) <= 3  # noqa: PLR2004 - the limit above
    return found


def _flagger(windows: Floats) -> Flags:
    """10 steps of weight, `threshold: 10` failed checks, never reset by a success.

    Of 19 checks, either 10 pass or 10 fail; the first of the two decides.
    """
    found: Flags = (windows[:, :19] >= TARGET).sum(axis=1) >= 10  # noqa: PLR2004 - the same
    return found


def _kayenta(size: int) -> Callable[[Floats], Flags]:
    """60 one-minute points, checked after 20, 40, and 60, against a baseline.

    The baseline is at the target. The test is a Mann-Whitney interval of the shift at
    98% with tolerance .25.
    """

    def judge(windows: Floats) -> Flags:
        canary = windows[:_COMPARED, :60]
        chance = np.random.default_rng(size)
        baseline = chance.binomial(size, TARGET, canary.shape) / size
        back = np.zeros(len(canary), bool)
        for points in (20, 40, 60):
            back |= _shifted_down(canary[:, :points], baseline[:, :points])
        return ~back

    return judge


def _shifted_down(canary: Floats, baseline: Floats) -> Flags:
    runs, points = canary.shape
    spread = _Z_98 * np.sqrt(points * points * (2 * points + 1) / 12)
    low = max(0, int(points * points / 2 - spread))
    found = np.zeros(runs, bool)
    for run in range(runs):
        shifts = np.sort(np.subtract.outer(canary[run], baseline[run]), axis=None)
        estimate, upper = np.median(shifts), shifts[shifts.size - 1 - low]
        found[run] = upper < 0 and upper < -0.25 * abs(estimate)
    return found


PEERS = (
    Peer("Argo Rollouts, windows of 10", 10, _argo),
    Peer("Argo Rollouts, windows of 50", 50, _argo),
    Peer("Argo Rollouts, windows of 200", 200, _argo),
    Peer("Flagger, windows of 10", 10, _flagger),
    Peer("Flagger, windows of 50", 50, _flagger),
    Peer("Flagger, windows of 200", 200, _flagger),
    Peer("Kayenta, 5 a minute", 5, _kayenta(5)),
    Peer("Kayenta, 20 a minute", 20, _kayenta(20)),
    Peer("Kayenta, 100 a minute", 100, _kayenta(100)),
)
