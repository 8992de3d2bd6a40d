"""Figures that the page shows, from what a play has found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

__all__ = ["LEVERS", "Curve"]

LEVERS = ("teacher", "shorter prompt", "cheaper model", "exact cache", "router")
_THOUSAND = 1000


@dataclass(frozen=True, slots=True)
class Curve:
    """One stream's result."""

    found: Mapping[str, Any]
    """As it lies in the dated file."""

    @property
    def name(self) -> str:
        """Name of the stream."""
        return str(self.found["name"])

    @property
    def marks(self) -> Sequence[Mapping[str, Any]]:
        """The books at each doubling and at the end."""
        marks: Sequence[Mapping[str, Any]] = self.found["marks"]
        return marks

    @property
    def last(self) -> Mapping[str, Any]:
        """The books at the end."""
        return self.marks[-1]

    @property
    def certified_at(self) -> int | None:
        """Calls at which the first certificate was there; none when none ever was."""
        shadows = [e["calls"] for e in self.found["events"] if e["reason"] == "Shadow"]
        return min(shadows, default=None)

    @property
    def after(self) -> list[int]:
        """Positions of the marks from the first certificate on."""
        start = self.certified_at
        if start is None:
            return []
        return [i for i, mark in enumerate(self.marks) if mark["calls"] >= start]

    @property
    def falls(self) -> bool | None:
        """Whether the blended cost falls from mark to mark since the certificate."""
        costs = [self.blended(i) for i in self.after]
        if len(costs) < 2:  # noqa: PLR2004 - nothing to compare
            return None
        return all(after < before for before, after in pairwise(costs))

    def blended(self, at: int, lever: str = "router") -> Decimal:
        """Give dollars for a thousand calls, of all calls up to a mark."""
        mark = self.marks[at]
        return Decimal(mark[lever]) / int(mark["calls"]) * _THOUSAND

    def between(self, at: int, lever: str = "router") -> Decimal:
        """Give dollars for a thousand calls, of those since the mark before."""
        mark, before = self.marks[at], self.marks[at - 1] if at else None
        if before is None:
            return self.blended(at, lever)
        calls = int(mark["calls"]) - int(before["calls"])
        return (Decimal(mark[lever]) - Decimal(before[lever])) / calls * _THOUSAND

    @property
    def saved(self) -> Decimal:
        """Share of the teacher-only bill that was saved, net, over the whole stream."""
        return 1 - Decimal(self.last["router"]) / Decimal(self.last["teacher"])

    def share(self, part: str) -> Decimal:
        """Give a part of the router's bill as a share of the teacher-only bill."""
        return Decimal(self.last[part]) / Decimal(self.last["teacher"])
