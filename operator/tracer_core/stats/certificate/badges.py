"""Badges: cells whose agreement is proven individually, in addition to the certificate.

The pooled certificate refers to all answered requests together, so it can hide a weak
cell. A badge states that one cell, as the served policy answers it, agrees at least
`floor` of the time. Badges have an error level of their own and use nothing of the
pooled one. The served policy is selected on the same rows. A cell is therefore tested
at *every* step at which the chain can have stopped, and keeps its largest p-value.
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
    """Each cell has an equal share; only the steps that passed are tested."""
    HOLM = "Holm"
    """The share of a passed cell goes to the rest; all declared steps are tested."""


@dataclass(frozen=True, slots=True)
class CellBadge:
    """The test result of one cell."""

    cell: str
    """Name of the cell."""
    p_value: float
    """Largest p-value of its steps, in [0, 1]."""
    awarded: bool
    """Whether the agreement of the cell is shown to be at least `floor`."""


def award_badges(
    cells: Mapping[str, Sequence[ChainCounts]],
    chain: Chain,
    result: ChainResult,
    floor: float,
    level: float,
    correction: Correction = Correction.BONFERRONI,
) -> tuple[CellBadge, ...]:
    """Test every cell against the floor, with one level for all cells together.

    Claim: the probability that any cell gets a badge whose agreement under the served
    policy, the last step that passed, is below the floor is at most `level`. If no step
    passed, nothing is served and no cell gets a badge.
    Why: let j be the first step of the declared chain at which a cell is below the
    floor; j does not depend on the rows. If the served step is a bad one for the cell,
    j has passed and is among the steps tested, so the largest p-value is at least that
    of j, which is a fixed test. Bonferroni sums that over cells. With Holm, the pass of
    one cell changes the level of another, for which the hypotheses themselves must not
    depend on the rows: "below the floor at any declared step", hence all steps.
    Assumes: cells, floor, and chain were declared before the certify rows were seen;
    the certify rows are as for `run_chain`.
    Source: Bonferroni (1936); Holm, Scand. J. Statist. 6 (1979). The union bound over
    steps is replaced by their maximum, as in intersection-union tests (Berger 1982).

    Args:
        cells: Counts of each declared cell at every step of the family.
        chain: The steps that were declared.
        result: Result of the pooled test.
        floor: Agreement that a badge states, in (0, 1).
        level: Error probability of all badges together, in (0, 1).
        correction: How the level is shared among the cells.

    Returns:
        One badge for each cell, in the order of `cells`.
    """
    if result.passed is None or not cells:
        return tuple(CellBadge(cell, 1.0, awarded=False) for cell in cells)
    last = result.passed if correction is Correction.BONFERRONI else chain.end
    worst = [
        worst_p_value(steps[chain.start : last + 1], floor) for steps in cells.values()
    ]
    correct = bonferroni if correction is Correction.BONFERRONI else holm
    return tuple(
        CellBadge(cell, value, awarded)
        for cell, value, awarded in zip(
            cells, worst, correct(worst, level), strict=True
        )
    )


def worst_p_value(steps: Sequence[ChainCounts], floor: float) -> float:
    """Return the largest p-value of a cell over the steps.

    Claim: valid for "the cell is below the floor at one of these steps".
    Assumes: as for `award_badges`.
    Source: Berger, Technometrics 24 (1982), intersection-union tests.

    Args:
        steps: Counts of the cell at each step.
        floor: Agreement to be shown, in (0, 1).

    Returns:
        The p-value in [0, 1]; 1 if there are no steps, or no rows at one of them.
    """
    return max((p_value(c.agreed, c.rows, floor) for c in steps), default=1.0)


def bonferroni(p_values: Sequence[float], level: float) -> list[bool]:
    """Return which tests pass with an equal share of the level each.

    Claim: the probability of any false pass is at most `level`, for any dependence.
    Assumes: valid p-values, whose number was fixed before the rows were seen.
    Source: Bonferroni (1936); Dunn, JASA 56 (1961).

    Args:
        p_values: One p-value for each test.
        level: Error probability of all tests together.

    Returns:
        Whether each test passes, in the order of `p_values`.
    """
    return [value <= level / len(p_values) for value in p_values]


def holm(p_values: Sequence[float], level: float) -> list[bool]:
    """Return which tests pass if the shares of passed tests go to the rest.

    Claim: the probability of any false pass is at most `level`, for any dependence.
    Assumes: valid p-values of hypotheses that do not depend on the rows.
    Source: Holm, Scand. J. Statist. 6 (1979).

    Args:
        p_values: One p-value for each test.
        level: Error probability of all tests together.

    Returns:
        Whether each test passes, in the order of `p_values`.
    """
    passed = [False] * len(p_values)
    remaining = len(p_values)
    for index in sorted(range(len(p_values)), key=p_values.__getitem__):
        if p_values[index] > level / remaining:
            break
        passed[index] = True
        remaining -= 1
    return passed
