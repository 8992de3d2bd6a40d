"""Gross failure, seen by one pod alone: what makes it stop its own surrogate.

Fine decisions need the counts of all pods and are the operator's. A pod sees few of the
audits, boots often, and must not stop a good surrogate in any boot; so it looks for no
less than three times the disagreement that the target allows (four times its odds),
by the detector of `drift`, audit by audit.

Claimed: while the surrogate keeps its target, `RUN_LENGTH` audits or more pass between
false stops on average, counted over every audit of every pod and boot together. A boot
that begins anew, or counts of another pod that are not seen, only lower R, so neither
spends more of the budget; they cost delay, which is why R is kept across boots.
Assumed: as in `drift`. A missing audit counts as an agreement.
"""

import math
from dataclasses import dataclass
from typing import Final

from tracer_core.stats.sequential.mixture import RateMixture, log_add

__all__ = ["GROSS_AGREEMENT", "RUN_LENGTH", "GrossFailure"]

GROSS_AGREEMENT: Final = RateMixture((4.0, 8.0, 20.0), (1, 1, 1))
"""For a target of 95 %: disagreements of 17, 30 and 51 %."""

RUN_LENGTH: Final = 1e7
"""Audits between false stops on average, at the least: the budget."""


@dataclass(frozen=True, slots=True)
class GrossFailure:
    """The detector: R for each alternative, in logs."""

    logs: tuple[float, ...] = (-math.inf,) * len(GROSS_AGREEMENT.factors)

    def after(self, *, disagreed: bool, target: float) -> "GrossFailure":
        """Give the detector after one audit."""
        ratios = GROSS_AGREEMENT.log_ratios(float(disagreed), 1.0, 1 - target)
        pairs = zip(self.logs, ratios, strict=True)
        return GrossFailure(tuple(log_add(log, 0.0) + ratio for log, ratio in pairs))

    @property
    def found(self) -> bool:
        """Whether the surrogate must stop."""
        return GROSS_AGREEMENT.log_mean(self.logs) >= math.log(RUN_LENGTH)
