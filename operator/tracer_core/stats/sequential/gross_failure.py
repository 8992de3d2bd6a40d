"""Detection of gross failure by one pod, which then stops its own surrogate.

Fine decisions require the counts of all pods and are made by the operator. A pod
receives few of the audits, restarts often, and must not stop a good surrogate after any
restart. It therefore looks for at least three times the disagreement that the target
allows (four times its odds), with the detector of `drift`, after each audit.

Claim: while the surrogate keeps its target, at least `RUN_LENGTH` audits pass between
false stops on average, counted over all audits of all pods and restarts together. A
restart without state, or counts of another pod that are not seen, only decrease R, so
neither uses more of the budget. They cause delay, which is why R is stored across
restarts.
Assumes: as for `drift`. A missing audit counts as an agreement.
"""

import math
from dataclasses import dataclass
from typing import Final

from tracer_core.stats.sequential.mixture import RateMixture, log_add

__all__ = ["GROSS_DISAGREEMENT", "RUN_LENGTH", "GrossFailureDetector"]

GROSS_DISAGREEMENT: Final = RateMixture((4.0, 8.0, 20.0), (1, 1, 1))
"""Alternatives of the detector. For a target of 95%: 17%, 30%, and 51%
disagreement."""

RUN_LENGTH: Final = 1e7
"""Minimum average number of audits between false stops: the budget."""


@dataclass(frozen=True, slots=True)
class GrossFailureDetector:
    """The state of the detector."""

    logs: tuple[float, ...] = (-math.inf,) * len(GROSS_DISAGREEMENT.factors)
    """Natural logarithm of R for each alternative."""

    def update(self, *, disagreed: bool, target: float) -> "GrossFailureDetector":
        """Return the detector after one more audit.

        Args:
            disagreed: Whether the surrogate disagreed with the teacher.
            target: Certified agreement, in (0, 1).
        """
        ratios = GROSS_DISAGREEMENT.log_ratios(float(disagreed), 1.0, 1 - target)
        pairs = zip(self.logs, ratios, strict=True)
        return GrossFailureDetector(
            tuple(log_add(log, 0.0) + ratio for log, ratio in pairs)
        )

    @property
    def alarm(self) -> bool:
        """Whether the surrogate must stop."""
        return GROSS_DISAGREEMENT.log_mean(self.logs) >= math.log(RUN_LENGTH)
