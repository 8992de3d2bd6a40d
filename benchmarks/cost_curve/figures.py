"""Figures of the page, from the result of a simulation."""

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
    """The result of one stream."""

    found: Mapping[str, Any]
    """The result in the dated file."""

    @property
    def name(self) -> str:
        """The name of the stream."""
        return str(self.found["name"])

    @property
    def marks(self) -> Sequence[Mapping[str, Any]]:
        """The totals at each doubling and at the end."""
        marks: Sequence[Mapping[str, Any]] = self.found["marks"]
        return marks

    @property
    def last(self) -> Mapping[str, Any]:
        """The totals at the end."""
        return self.marks[-1]

    @property
    def certified_at(self) -> int | None:
        """Calls until the first certificate; None without a certificate."""
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
        """Whether the blended cost falls from mark to mark after the certificate."""
        costs = [self.blended(i) for i in self.after]
        if len(costs) < 2:  # noqa: PLR2004 - no pair to compare
            return None
        return all(after < before for before, after in pairwise(costs))

    def blended(self, at: int, lever: str = "router") -> Decimal:
        """Return dollars per thousand calls, for all calls up to a mark."""
        mark = self.marks[at]
        return Decimal(mark[lever]) / int(mark["calls"]) * _THOUSAND

    def between(self, at: int, lever: str = "router") -> Decimal:
        """Return dollars per thousand calls, for calls since the previous mark."""
        mark, before = self.marks[at], self.marks[at - 1] if at else None
        if before is None:
            return self.blended(at, lever)
        calls = int(mark["calls"]) - int(before["calls"])
        return (Decimal(mark[lever]) - Decimal(before[lever])) / calls * _THOUSAND

    @property
    def saved(self) -> Decimal:
        """Net saved share of the teacher-only cost over the whole stream."""
        return 1 - Decimal(self.last["router"]) / Decimal(self.last["teacher"])

    def share(self, part: str) -> Decimal:
        """Return a part of the router's cost as a share of the teacher-only cost."""
        return Decimal(self.last[part]) / Decimal(self.last["teacher"])
