"""The claims about coverage: sets, sizes, targets, and the required figures."""

from dataclasses import dataclass

__all__ = ["CASES", "FLYWHEEL", "Case"]


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the table."""

    data: str
    """Name of the set."""
    rows: int
    """Number of traces; all other rows are the test."""
    target: float
    """Target agreement."""
    vectors: bool
    """Whether the traces contain MiniLM vectors; otherwise only built-in encoders."""
    reach: float | None = None
    """Claimed mean coverage over at least thirty splits."""


CASES = (
    Case("banking77", 1_000, 0.95, vectors=True, reach=0.29),
    Case("banking77", 3_000, 0.95, vectors=True, reach=0.85),
    Case("banking77", 8_000, 0.95, vectors=True, reach=0.93),
    Case("banking77", 3_000, 0.98, vectors=True, reach=0.51),
    Case("banking77", 3_000, 0.90, vectors=True),
    Case("banking77", 3_000, 0.95, vectors=False, reach=0.72),
    Case("banking77", 8_000, 0.95, vectors=False, reach=0.88),
    Case("llm_banking77_gpt4", 3_081, 0.95, vectors=True, reach=0.42),
    Case("llm_banking77_gpt4", 3_081, 0.90, vectors=True),
    Case("llm_overruling_12models_costs", 1_500, 0.95, vectors=False),
)
"""The required figures were set before this code was written."""

FLYWHEEL = (1_000, 2_000, 4_000, 8_000, 10_000)
"""Cumulative numbers of traces of the growth curve."""
