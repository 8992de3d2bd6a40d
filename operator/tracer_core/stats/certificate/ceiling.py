"""Upper bound on agreement with a teacher whose answers vary.

A teacher does not always answer the same request in the same way. A surrogate with a
fixed answer agrees with a new answer of the teacher at most as often as the teacher
returns its most frequent answer. This ceiling is information, and never a reason to
reject an attempt: the ceiling of all traffic is no bound for the part that a policy
accepts.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from tracer_core.stats.binomial import upper_bound

__all__ = ["RepeatCalls", "RepeatCeiling", "ceiling_by_cell", "repeat_ceiling"]


@dataclass(frozen=True, slots=True)
class RepeatCalls:
    """Requests of one set, sampled at random, that the teacher answered twice."""

    same: int
    """Number of pairs with the same answer."""
    different: int
    """Number of pairs with different answers."""
    missing: int = 0
    """Number of pairs in which an answer failed or had the wrong format."""

    @property
    def total(self) -> int:
        """Number of requests that were answered twice."""
        return self.same + self.different + self.missing


@dataclass(frozen=True, slots=True)
class RepeatCeiling:
    """Upper bound on the agreement with one new answer of the teacher."""

    self_agreement: float | None
    """Share of usable pairs with the same answer, a point estimate; None without
    usable pairs."""
    agreement: float
    """The ceiling in [0, 1]; 1 without pairs."""
    pairs: int
    """Number of pairs that it is based on."""


def repeat_ceiling(calls: RepeatCalls, level: float = 0.05) -> RepeatCeiling:
    """Return the ceiling on the set from which the repeat calls were sampled.

    Claim: with probability at least 1 - level, no rule that answers from the request
    alone agrees with a new teacher call on this set more often than the ceiling. A pair
    with a missing answer counts as the same, so that missing answers never lower it.
    Why: let p be the answer distribution of the teacher on a request, and rho = E sum
    p^2 its self-agreement. Then E max p <= sqrt(E (max p)^2) <= sqrt(rho).
    Assumes: the requests that are answered twice are sampled at random from the set;
    the set (all traffic, the accepted part, or a cell) was fixed without them; two
    calls are independent given the request, as are the calls to compare.
    Source: Jensen's inequality; the upper bound on rho is that of Clopper and Pearson.

    Args:
        calls: Counts of the pairs.
        level: Error probability of the ceiling, in (0, 1).

    Returns:
        The ceiling and the estimate of the self-agreement.
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
    """Return the ceiling of every cell, with one level for all cells together.

    Claim: with probability at least 1 - level, the ceiling of every cell holds.
    Assumes: as for `repeat_ceiling`, and cells that were fixed without the repeat
    calls.
    Source: Bonferroni over `repeat_ceiling`.

    Args:
        cells: Counts of the pairs of each cell.
        level: Error probability of all ceilings together, in (0, 1).

    Returns:
        The ceiling of each cell, by its name.
    """
    return {
        cell: repeat_ceiling(calls, level / len(cells)) for cell, calls in cells.items()
    }
