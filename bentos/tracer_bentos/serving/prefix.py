"""Audits in the order of their admission, counted only as a completed prefix.

Quick agreements must not overtake a slow disagreement: whoever looks at the counts in
between would see too good an agreement.
"""

from enum import StrEnum

__all__ = ["CompletedPrefix", "Verdict"]


class Verdict(StrEnum):
    """How one audit ended."""

    AGREED = "agreed"
    DISAGREED = "disagreed"
    MISSING = "missing"
    """The teacher failed or gave no usable answer."""


class CompletedPrefix:
    """The audits of one task."""

    def __init__(self) -> None:
        self.admitted = 0
        """Audits begun."""
        self.counted = dict.fromkeys(Verdict, 0)
        """Verdicts of the audits before the oldest one still open."""
        self._next = 0
        self._ahead: dict[int, Verdict] = {}

    def admit(self) -> int:
        """Begin an audit and give its number."""
        number = self.admitted
        self.admitted += 1
        return number

    def settle(self, number: int, verdict: Verdict) -> None:
        """Note how an audit ended; it counts once all before it have."""
        self._ahead[number] = verdict
        while self._next in self._ahead:
            self.counted[self._ahead.pop(self._next)] += 1
            self._next += 1
