"""Mixtures over alternatives to a boundary rate, which all e-processes bet on.

Each alternative multiplies the odds of a disagreement at the boundary, so that it is a
rate for every target. Values are natural logarithms. This module uses only the standard
library.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["ABOVE", "BELOW", "RateMixture", "log_add"]


@dataclass(frozen=True, slots=True)
class RateMixture:
    """A fixed distribution over alternatives, chosen before any audit."""

    factors: tuple[float, ...]
    """Factor on the odds for each alternative; all above 1 or all below 1."""
    weights: tuple[float, ...]
    """Weight of each alternative; only their proportions matter."""

    def rates(self, boundary: float) -> tuple[float, ...]:
        """Return the disagreement rate of each alternative.

        Args:
            boundary: Disagreement rate at the boundary, in (0, 1).

        Raises:
            ValueError: The boundary is not in (0, 1).
        """
        if not 0 < boundary < 1:
            raise ValueError(
                f"a disagreement of {boundary} cannot be tested: must be between 0 and"
                " 1, exclusive"
            )
        odds = [factor * boundary / (1 - boundary) for factor in self.factors]
        return tuple(ratio / (1 + ratio) for ratio in odds)

    def log_ratios(
        self, disagreed: float, audits: float, boundary: float
    ) -> tuple[float, ...]:
        """Return the log likelihood ratio of each alternative to the boundary.

        Args:
            disagreed: Number of audits with disagreement.
            audits: Number of audits.
            boundary: Disagreement rate at the boundary, in (0, 1).

        Raises:
            ValueError: The counts are contradictory, or the boundary is not in (0, 1).
        """
        if not 0 <= disagreed <= audits:
            raise ValueError(
                f"{disagreed} disagreements in {audits} audits: must satisfy 0 <="
                " disagreements <= audits"
            )
        return tuple(
            disagreed * math.log(rate / boundary)
            + (audits - disagreed) * math.log((1 - rate) / (1 - boundary))
            for rate in self.rates(boundary)
        )

    def log_mean(self, logs: Sequence[float]) -> float:
        """Return the log of the weighted mean of values given as logs.

        Args:
            logs: Logarithm of one value for each alternative; can be -inf.
        """
        top = max(logs)
        if top == -math.inf:
            return top
        pairs = zip(self.weights, logs, strict=True)
        mean = sum(weight * math.exp(log - top) for weight, log in pairs)
        return top + math.log(mean / sum(self.weights))


BELOW: Final = RateMixture((0.05, 0.15, 0.3, 0.5, 0.7), (1, 1, 1, 1, 1))
"""Disagreement below a boundary, for promotion."""

ABOVE: Final = RateMixture((1.4, 2.1, 3.0, 6.0), (1, 3, 1, 1))
"""Disagreement above a boundary, for rollback, guards, cells, and drift. Half of the
weight is on twice the boundary, where most relevant harm is (5% to 10%)."""


def log_add(first: float, second: float) -> float:
    """Return the log of the sum of two values given as logs."""
    high, low = max(first, second), min(first, second)
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))
