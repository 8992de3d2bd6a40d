"""Fixed-sequence testing: many accept sets, each at the full level, one error budget.

The order, the start and the end are declared before the certify rows are seen. Each
step is tested at the full level and the first failure ends the chain, so the
probability of passing any false step is at most the level, whatever the order: the
first false step of the chain is one fixed test, and no later one is reached without it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tracer_core.stats.binomial import p_value

__all__ = ["Chain", "ChainCounts", "ChainResult", "run_chain", "run_tests"]


@dataclass(frozen=True, slots=True)
class ChainCounts:
    """What the certify rows say about one accept set."""

    agreed: int
    """Accepted rows that matched the teacher."""
    rows: int
    """Accepted rows."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The steps to be tested, declared before looking: first and last, inclusive."""

    start: int
    """Index of the first step in the nested family."""
    end: int
    """Index of the last step that would be tested."""

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"not a chain: from {self.start} to {self.end}")

    def __len__(self) -> int:
        return self.end - self.start + 1


@dataclass(frozen=True, slots=True)
class ChainResult:
    """How far a chain went."""

    passed: int | None
    """Index of the last step passed; none when the first failed."""
    p_values: tuple[float, ...]
    """The p-value of every step tested, the failed one included."""
    whole: bool
    """Whether every step of the chain passed; its level may then be used again."""

    @property
    def steps(self) -> int:
        """Give the number of steps that passed."""
        return len(self.p_values) if self.whole else len(self.p_values) - 1


def run_chain(
    family: Sequence[ChainCounts], chain: Chain, target: float, level: float
) -> ChainResult:
    """Test the chain's steps in order, each at the full level, to the first failure.

    Claim: with probability at most `level` does any step pass whose true agreement is
    below the target; so the last step passed may be served.
    Assumes: certify rows independent of each other and of family, chain, target and
    level, drawn from the traffic that will be served. Steps may overlap in any way;
    agreement need not fall along the chain (that costs power, never validity).
    Source: Maurer, Hothorn and Lehmacher (1995), a priori ordered hypotheses;
    Angelopoulos et al., Learn then Test, arXiv 2110.01052, section 3.

    Args:
        family: Counts of every policy, strictest first.
        chain: The steps declared before looking.
        target: Agreement to be shown.
        level: Error probability of the whole chain.
    """
    if chain.end >= len(family):
        raise ValueError(f"the chain ends at {chain.end} of {len(family)} steps")
    return run_tests(
        lambda step: p_value(family[step].agreed, family[step].rows, target),
        chain,
        level,
    )


def run_tests(test: Callable[[int], float], chain: Chain, level: float) -> ChainResult:
    """Walk a chain whose steps have p-values of any valid kind, asked for in order.

    Claim, assumptions and source: as `run_chain`, where `test` gives a valid p-value
    of "agreement at this step is below the target".

    Args:
        test: From the index of a step to its p-value.
        chain: The steps declared before looking.
        level: Error probability of the whole chain.
    """
    if not 0 < level < 1:
        raise ValueError(f"a level of {level}: it must lie between 0 and 1")
    passed, p_values = None, []
    for step in range(chain.start, chain.end + 1):
        p_values.append(test(step))
        # Written so that a p-value that is not a number fails.
        if not p_values[-1] <= level:
            break
        passed = step
    return ChainResult(passed, tuple(p_values), whole=passed == chain.end)
