"""Alternatives to a boundary rate, mixed: what every e-process of ours bets on.

Each alternative multiplies the odds of a disagreement at the boundary, so it stays a
rate for every target. Values are natural logarithms; standard library only.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["ABOVE", "BELOW", "RateMixture", "log_add"]


@dataclass(frozen=True, slots=True)
class RateMixture:
    """A fixed distribution over alternatives, chosen before any audit."""

    factors: tuple[float, ...]
    """By how much each multiplies the odds; all above 1, or all below."""
    weights: tuple[float, ...]
    """How much is bet on each; only their proportions matter."""

    def rates(self, boundary: float) -> tuple[float, ...]:
        """Give the disagreement that each alternative stands for.

        Raises:
            ValueError: The boundary is no rate that can be tested.
        """
        if not 0 < boundary < 1:
            raise ValueError(f"a disagreement of {boundary} cannot be tested")
        odds = [factor * boundary / (1 - boundary) for factor in self.factors]
        return tuple(each / (1 + each) for each in odds)

    def log_ratios(
        self, disagreed: float, audits: float, boundary: float
    ) -> tuple[float, ...]:
        """Give the log likelihood ratio of each alternative to the boundary.

        Raises:
            ValueError: The counts, or the boundary, cannot be.
        """
        if not 0 <= disagreed <= audits:
            raise ValueError(
                f"{disagreed} disagreements in {audits} audits: not a count"
            )
        return tuple(
            disagreed * math.log(rate / boundary)
            + (audits - disagreed) * math.log((1 - rate) / (1 - boundary))
            for rate in self.rates(boundary)
        )

    def log_mean(self, logs: Sequence[float]) -> float:
        """Give the log of the weighted mean of values given as logs."""
        top = max(logs)
        if top == -math.inf:
            return top
        pairs = zip(self.weights, logs, strict=True)
        mean = sum(weight * math.exp(log - top) for weight, log in pairs)
        return top + math.log(mean / sum(self.weights))


BELOW = RateMixture((0.05, 0.15, 0.3, 0.5, 0.7), (1, 1, 1, 1, 1))
"""Disagreement below a boundary: for promotion."""

ABOVE = RateMixture((1.4, 2.1, 3.0, 6.0), (1, 3, 1, 1))
"""Disagreement above a boundary: for rollback, guards, cells and drift. Half is bet on
twice the boundary, where most harm that matters lies (5 % to 10 %)."""


def log_add(one: float, other: float) -> float:
    """Give the log of the sum of two values given as logs."""
    high, low = max(one, other), min(one, other)
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))
