"""Audit results in the order of admission, counted only as a completed prefix.

A quick agreement must not be counted before a slow disagreement that was admitted
earlier. Otherwise, counts that are read in between would overestimate the agreement.
"""

from collections import Counter
from collections.abc import Callable
from enum import StrEnum

from tracer_core.contracts.evidence import MAX_CELLS, OTHER_CELLS

__all__ = ["AuditOutcome", "CompletedPrefix"]


class AuditOutcome(StrEnum):
    """The outcome of one audit."""

    AGREED = "agreed"
    """The teacher gave the same answer as the surrogate."""
    DISAGREED = "disagreed"
    """The teacher gave another answer."""
    MISSING = "missing"
    """The teacher failed or gave no usable answer."""


class CompletedPrefix:
    """The audits of one task.

    Args:
        on_counted: Called with each outcome when it is counted.
    """

    def __init__(
        self, on_counted: Callable[[AuditOutcome], None] | None = None
    ) -> None:
        self._on_counted = on_counted
        self.admitted = 0
        """Audits that were started and not withdrawn."""
        self.counted = dict.fromkeys(AuditOutcome, 0)
        """Outcomes of all audits before the oldest audit in progress."""
        self.cells: dict[str, Counter[AuditOutcome]] = {}
        """The counted outcomes by cell."""
        self._next_number = 0
        self._next_counted = 0
        self._completed: dict[int, tuple[AuditOutcome, str] | None] = {}

    def admit(self) -> int:
        """Start an audit and return its number."""
        number = self._next_number
        self._next_number += 1
        self.admitted += 1
        return number

    def settle(self, number: int, verdict: AuditOutcome, cell: str) -> None:
        """Record the outcome; it is counted after all earlier audits have ended."""
        self._complete(number, (verdict, cell))

    def withdraw(self, number: int) -> None:
        """Remove an audit for a reason that is independent of its outcome."""
        self.admitted -= 1
        self._complete(number, None)

    def _complete(self, number: int, result: tuple[AuditOutcome, str] | None) -> None:
        self._completed[number] = result
        while self._next_counted in self._completed:
            completed = self._completed.pop(self._next_counted)
            self._next_counted += 1
            if completed is not None:
                self._count(*completed)

    def _count(self, verdict: AuditOutcome, cell: str) -> None:
        self.counted[verdict] += 1
        has_counter = cell in self.cells or len(self.cells) < MAX_CELLS
        name = cell if has_counter else OTHER_CELLS
        self.cells.setdefault(name, Counter())[verdict] += 1
        if self._on_counted:
            self._on_counted(verdict)
