"""The teacher's ceiling: how well anything can agree with a teacher that varies.

A teacher asked twice does not always answer the same. Whatever fixed answer a surrogate
gives, it agrees with one fresh call at most as often as the teacher's most frequent
answer comes. The ceiling is information and never a reason to refuse: that of all
traffic says nothing about an accepted part of it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from tracer_core.stats.binomial import upper_bound

__all__ = ["RepeatCalls", "RepeatCeiling", "ceiling_by_cell", "repeat_ceiling"]


@dataclass(frozen=True, slots=True)
class RepeatCalls:
    """Requests of one set that the teacher was asked twice, at random."""

    same: int
    """Both answers were the same."""
    different: int
    """They differed."""
    missing: int = 0
    """One of them failed or was off-format."""

    @property
    def total(self) -> int:
        """Give the number of requests asked twice."""
        return self.same + self.different + self.missing


@dataclass(frozen=True, slots=True)
class RepeatCeiling:
    """How well any surrogate could agree with one fresh answer of the teacher."""

    self_agreement: float | None
    """Share of usable pairs with the same answer, a point estimate; none without."""
    agreement: float
    """The ceiling; 1 when there is nothing to go by."""
    pairs: int
    """Pairs that it rests on."""


def repeat_ceiling(calls: RepeatCalls, level: float = 0.05) -> RepeatCeiling:
    """Give the ceiling on the set that the repeat calls were drawn from.

    Claim: with probability at least 1 - level, no rule that answers from the request
    alone agrees with a fresh teacher call on this set more often than the ceiling. A
    pair with a missing answer counts as the same, so silence never lowers it.
    Why: with p the teacher's answer distribution on a request and rho = E sum p^2 its
    self-agreement, E max p <= sqrt(E (max p)^2) <= sqrt(rho).
    Assumes: requests asked twice drawn at random from the set, the set (all traffic,
    the accepted part, a cell) fixed without them; two calls independent given the
    request, as fresh as those that will be compared.
    Source: Jensen's inequality; the upper bound on rho is Clopper and Pearson's.
    """
    usable = calls.same + calls.different
    rho = upper_bound(calls.same + calls.missing, calls.total, level)
    return RepeatCeiling(
        self_agreement=calls.same / usable if usable else None,
        agreement=math.sqrt(rho),
        pairs=calls.total,
    )


def ceiling_by_cell(
    cells: Mapping[str, RepeatCalls], level: float = 0.05
) -> dict[str, RepeatCeiling]:
    """Give the ceiling of every cell, all of them together at the level.

    Claim: with probability at least 1 - level every cell's ceiling holds.
    Assumes: as `repeat_ceiling`, cells fixed without the repeat calls.
    Source: Bonferroni over `repeat_ceiling`.
    """
    return {
        cell: repeat_ceiling(calls, level / len(cells)) for cell, calls in cells.items()
    }
