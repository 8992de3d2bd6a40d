"""The measurements of attempts, and their table."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Fit", "table_of"]


@dataclass(frozen=True, slots=True)
class Fit:
    """One attempt as measured by the operating system."""

    rows: int
    """Number of traces."""
    seconds: float
    """Wall time of the process."""
    processor_seconds: float
    """CPU time of all threads."""
    peak_mib: float
    """Peak resident memory."""
    train_rows: int
    """Number of training rows."""
    certify_rows: int
    """Number of test rows."""
    coverage: float
    """Share of the certify rows that the surrogate answers."""


def table_of(fits: Sequence[Fit]) -> str:
    """Return the table."""
    head = (
        "| traces | wall s | processor s | peak memory MiB | trained on | certified on"
        " | coverage |"
    )
    lines = [
        f"| {each.rows:,} | {each.seconds} | {each.processor_seconds} |"
        f" {each.peak_mib:,.0f} | {each.train_rows:,} | {each.certify_rows:,} |"
        f" {each.coverage} |"
        for each in fits
    ]
    return "\n".join([head, "|---|---|---|---|---|---|---|", *lines])
