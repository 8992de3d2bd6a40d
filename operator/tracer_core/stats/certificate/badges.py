"""Badges: cells that are shown to agree on their own, beside the pooled certificate.

The pooled certificate is about all answered requests together; a weak cell can hide in
it. A badge says that one cell, as the served policy answers it, agrees at least `floor`
of the time. Badges have an error level of their own and take nothing from the pooled
one. The policy served is found on the same rows, so a cell is tested at *every* step
that the chain may have stopped at and keeps its worst p-value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tracer_core.stats.binomial import p_value
from tracer_core.stats.certificate.fixed_sequence import Chain, ChainCounts, ChainResult

__all__ = [
    "CellBadge",
    "Correction",
    "award_badges",
    "bonferroni",
    "holm",
    "worst_p_value",
]


class Correction(StrEnum):
    """How the level is shared among the cells."""

    BONFERRONI = "Bonferroni"
    """An equal share each; tests the steps that passed."""
    HOLM = "Holm"
    """A failed share goes to the rest; must test every step of the declared chain."""


@dataclass(frozen=True, slots=True)
class CellBadge:
    """What the certify rows say about one cell."""

    cell: str
    """Its name."""
    p_value: float
    """The worst of its steps."""
    awarded: bool
    """Whether the cell is shown to agree at least `floor` of the time."""


def award_badges(
    cells: Mapping[str, Sequence[ChainCounts]],
    chain: Chain,
    result: ChainResult,
    floor: float,
    level: float,
    correction: Correction = Correction.BONFERRONI,
) -> tuple[CellBadge, ...]:
    """Test every cell against the floor, all cells together at the level.

    Claim: with probability at most `level` does any cell get a badge whose agreement
    under the served policy, the last step passed, is below the floor. Without a step
    passed nothing is served and no cell gets one.
    Why: let j be the first step of the declared chain at which a cell is below the
    floor; j does not depend on the rows. If the served step is a bad one for the cell,
    j has passed and is among the steps tested, so the worst p-value is at least that
    of j, which is a fixed test. Bonferroni sums that over cells. Holm lets one cell's
    pass change another's level, for which the hypotheses themselves must not depend on
    the rows: "below the floor at any declared step", hence all steps.
    Assumes: cells, floor and chain declared before the certify rows were seen; the
    certify rows as for `run_chain`.
    Source: Bonferroni (1936); Holm, Scand. J. Statist. 6 (1979); the union bound over
    steps is replaced by their maximum, as in intersection-union tests (Berger 1982).

    Args:
        cells: For each declared cell its counts at every step of the family.
        chain: The steps that were declared.
        result: How far the pooled test went.
        floor: Agreement that a badge states.
        level: Error probability of all badges together.
        correction: How the level is shared.
    """
    if result.passed is None or not cells:
        return tuple(CellBadge(cell, 1.0, awarded=False) for cell in cells)
    last = result.passed if correction is Correction.BONFERRONI else chain.end
    worst = [
        worst_p_value(steps[chain.start : last + 1], floor) for steps in cells.values()
    ]
    share = bonferroni if correction is Correction.BONFERRONI else holm
    return tuple(
        CellBadge(cell, value, awarded)
        for cell, value, awarded in zip(cells, worst, share(worst, level), strict=True)
    )


def worst_p_value(steps: Sequence[ChainCounts], floor: float) -> float:
    """Give the largest p-value of a cell over the steps; 1 where it has no rows.

    Claim: valid for "the cell is below the floor at one of these steps".
    Assumes: as `award_badges`.
    Source: Berger, Technometrics 24 (1982), intersection-union tests.
    """
    return max((p_value(c.agreed, c.rows, floor) for c in steps), default=1.0)


def bonferroni(p_values: Sequence[float], level: float) -> list[bool]:
    """Tell which tests pass at an equal share of the level each.

    Claim: any false pass with probability at most `level`, whatever the dependence.
    Assumes: valid p-values; their number fixed before looking.
    Source: Bonferroni (1936); Dunn, JASA 56 (1961).
    """
    return [value <= level / len(p_values) for value in p_values]


def holm(p_values: Sequence[float], level: float) -> list[bool]:
    """Tell which tests pass when shares of those that passed go to the rest.

    Claim: any false pass with probability at most `level`, whatever the dependence.
    Assumes: valid p-values of hypotheses that do not depend on the rows.
    Source: Holm, Scand. J. Statist. 6 (1979).
    """
    passed = [False] * len(p_values)
    left = len(p_values)
    for at in sorted(range(len(p_values)), key=p_values.__getitem__):
        if p_values[at] > level / left:
            break
        passed[at] = True
        left -= 1
    return passed
