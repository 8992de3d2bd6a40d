"""Fixed-sequence testing: several accept sets at the full level within one budget.

The order, the start, and the end are declared before the certify rows are seen. Each
step is tested at the full level, and the first failure ends the chain. The probability
of passing any false step is therefore at most the level, for any order: the first false
step of the chain is one fixed test, and no later step is reached without passing it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tracer_core.stats.binomial import p_value

__all__ = ["Chain", "ChainCounts", "ChainResult", "run_chain", "run_tests"]


@dataclass(frozen=True, slots=True)
class ChainCounts:
    """Counts of the certify rows for one accept set."""

    agreed: int
    """Number of accepted rows on which the surrogate agreed with the teacher."""
    rows: int
    """Number of accepted rows."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The steps to be tested, declared before the rows are seen.

    Raises:
        ValueError: The start is negative or after the end.
    """

    start: int
    """Index of the first step in the nested family."""
    end: int
    """Index of the last step to be tested, inclusive."""

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(
                f"chain from {self.start} to {self.end}: must satisfy 0 <= start <= end"
            )

    def __len__(self) -> int:
        return self.end - self.start + 1


@dataclass(frozen=True, slots=True)
class ChainResult:
    """The result of a chain of tests."""

    passed: int | None
    """Index of the last step that passed; None if the first step failed."""
    p_values: tuple[float, ...]
    """The p-value of each step that was tested, including the one that failed."""
    whole: bool
    """Whether every step of the chain passed, so that its level can be recycled."""

    @property
    def steps(self) -> int:
        """Number of steps that passed."""
        return len(self.p_values) if self.whole else len(self.p_values) - 1


def run_chain(
    family: Sequence[ChainCounts], chain: Chain, target: float, level: float
) -> ChainResult:
    """Test the steps of a chain in order at the full level, until the first failure.

    Claim: the probability that any step passes whose true agreement is below the target
    is at most `level`, so the last step that passed can be served.
    Assumes: certify rows are independent of each other and of the family, the chain,
    the target, and the level, and drawn from the traffic that will be served. Steps can
    overlap in any way. Agreement need not decrease along the chain; otherwise the test
    has less power but remains valid.
    Source: Maurer, Hothorn, and Lehmacher (1995), a priori ordered hypotheses;
    Angelopoulos et al., Learn then Test, arXiv 2110.01052, section 3.

    Args:
        family: Counts of all policies, strictest first.
        chain: The steps that were declared before the rows were seen.
        target: Agreement to be shown, in (0, 1).
        level: Error probability of the whole chain, in (0, 1).

    Returns:
        The last step that passed, and the p-values.

    Raises:
        ValueError: The chain ends after the family, or an argument is invalid.
    """
    if chain.end >= len(family):
        raise ValueError(
            f"the chain ends at step {chain.end}, but the family has {len(family)}"
            " steps"
        )
    return run_tests(
        lambda step: p_value(family[step].agreed, family[step].rows, target),
        chain,
        level,
    )


def run_tests(test: Callable[[int], float], chain: Chain, level: float) -> ChainResult:
    """Test the steps of a chain with p-values of any valid kind.

    Claim, assumptions, and source: as for `run_chain`, where `test` returns a valid
    p-value of "agreement at this step is below the target".

    Args:
        test: Function from the index of a step to its p-value, called in order.
        chain: The steps that were declared before the rows were seen.
        level: Error probability of the whole chain, in (0, 1).

    Returns:
        The last step that passed, and the p-values.

    Raises:
        ValueError: The level is not in (0, 1).
    """
    if not 0 < level < 1:
        raise ValueError(f"level is {level}: must be between 0 and 1, exclusive")
    passed, p_values = None, []
    for step in range(chain.start, chain.end + 1):
        p_values.append(test(step))
        # Written so that a p-value of NaN fails.
        if not p_values[-1] <= level:
            break
        passed = step
    return ChainResult(passed, tuple(p_values), whole=passed == chain.end)
