"""What is noted of each attempt, and the table of them."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Fit", "table_of"]


@dataclass(frozen=True, slots=True)
class Fit:
    """One attempt as the operating system saw it."""

    rows: int
    """Traces."""
    seconds: float
    """Wall time from start to end of the process."""
    processor_seconds: float
    """Time of all its threads."""
    peak_mib: float
    """Most memory that it ever held."""
    train_rows: int
    """Rows trained on."""
    certify_rows: int
    """Rows of the test."""
    coverage: float
    """Share of the certify rows that are answered."""


def table_of(fits: Sequence[Fit]) -> str:
    """Give the table for people."""
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
