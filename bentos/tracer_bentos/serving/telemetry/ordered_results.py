"""Audits in the order of their admission, counted only as a completed prefix.

Quick agreements must not overtake a slow disagreement: whoever looks at the counts in
between would see too good an agreement.
"""

from collections import Counter
from collections.abc import Callable
from enum import StrEnum

from tracer_core.contracts.evidence import MAX_CELLS, OTHER_CELLS

__all__ = ["AuditOutcome", "CompletedPrefix"]


class AuditOutcome(StrEnum):
    """How one audit ended."""

    AGREED = "agreed"
    DISAGREED = "disagreed"
    MISSING = "missing"
    """The teacher failed or gave no usable answer."""


class CompletedPrefix:
    """The audits of one task; `seen` is told each verdict once it counts."""

    def __init__(self, seen: Callable[[AuditOutcome], None] | None = None) -> None:
        self._seen = seen
        self.admitted = 0
        """Audits begun and not withdrawn."""
        self._numbers = 0
        self.counted = dict.fromkeys(AuditOutcome, 0)
        """Verdicts of the audits before the oldest one still open."""
        self.cells: dict[str, Counter[AuditOutcome]] = {}
        """The same by cell."""
        self._next = 0
        self._ahead: dict[int, tuple[AuditOutcome, str] | None] = {}

    def admit(self) -> int:
        """Begin an audit and give its number."""
        number = self._numbers
        self._numbers += 1
        self.admitted += 1
        return number

    def settle(self, number: int, verdict: AuditOutcome, cell: str) -> None:
        """Note how an audit ended; it counts once all before it have."""
        self._end(number, (verdict, cell))

    def withdraw(self, number: int) -> None:
        """Note that an audit says nothing, for a reason that is not its outcome."""
        self.admitted -= 1
        self._end(number, None)

    def _end(self, number: int, outcome: tuple[AuditOutcome, str] | None) -> None:
        self._ahead[number] = outcome
        while self._next in self._ahead:
            found = self._ahead.pop(self._next)
            self._next += 1
            if found is not None:
                verdict, cell = found
                self.counted[verdict] += 1
                known = cell in self.cells or len(self.cells) < MAX_CELLS
                name = cell if known else OTHER_CELLS
                self.cells.setdefault(name, Counter())[verdict] += 1
                if self._seen:
                    self._seen(verdict)
