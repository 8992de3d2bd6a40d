"""Counts and costs to a sentence: what was saved and what share of the bill it is."""

from collections.abc import Iterable
from decimal import Decimal

from typing_extensions import override

from tracer_router.api import Counts

__all__ = ["Savings", "measure_savings"]


class Savings:
    """Teacher cost avoided, beside the teacher cost paid."""

    def __init__(self, saved: Decimal, paid: Decimal) -> None:
        self.saved = saved
        self.paid = paid

    @override
    def __str__(self) -> str:
        """Give it as people read it, such as $1.23 (18.0%)."""
        bill = self.saved + self.paid
        share = f" ({self.saved / bill:.1%})" if bill else ""
        return f"${self.saved:.2f}{share}"


def measure_savings(counts: Iterable[Counts]) -> Savings:
    """Add up predicted cost avoided and cost paid, audits included."""
    tasks = [task for each in counts for task in each.tasks]
    return Savings(
        sum((Decimal(task.cost_saved) for task in tasks), Decimal(0)),
        sum((Decimal(task.cost_teacher) for task in tasks), Decimal(0)),
    )
