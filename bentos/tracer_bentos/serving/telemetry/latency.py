"""How long each leg of a request takes, in buckets fixed beforehand."""

from bisect import bisect_left
from enum import StrEnum
from typing import Final

__all__ = ["BOUNDS", "Histogram", "Latencies", "LatencyLeg"]

BOUNDS: Final = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)
"""Upper bounds of the buckets, in seconds; what is longer falls beyond them."""


class LatencyLeg(StrEnum):
    """A part of a request's way."""

    SURROGATE = "surrogate"
    """All ours: from a question read to the surrogate's whole answer handed over."""
    TEACHER = "teacher"
    """What we add: from a question read until the teacher is asked."""
    EMBEDDING = "embedding"
    """Waiting for an embeddings endpoint to decide; no part of the other legs."""
    TEACHER_HEAD = "teacher-head"
    """From asking the teacher to the head of its answer, connecting included."""
    TEACHER_WHOLE = "teacher-whole"
    """From asking the teacher to the last byte that the client has taken."""


class Histogram:
    """How often a time fell into each bucket."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        """By bucket; the last one has no bound."""
        self.total = 0.0
        """All times together, in seconds."""

    def add(self, seconds: float) -> None:
        """Count one time."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds

    @property
    def number(self) -> int:
        """How many times were counted."""
        return sum(self.counts)

    def longer_than(self, bound: float) -> int:
        """Give how many times were longer than one of the bounds."""
        return sum(self.counts[BOUNDS.index(bound) + 1 :])

    def cumulative(self) -> list[tuple[str, float]]:
        """Give the buckets as Prometheus has them: each with all below it."""
        found, below = [], 0
        for bound, count in zip((*BOUNDS, "+Inf"), self.counts, strict=True):
            below += count
            found.append((str(bound), float(below)))
        return found


class Latencies:
    """The times of one process, by leg."""

    def __init__(self) -> None:
        self.by_leg = {leg: Histogram() for leg in LatencyLeg}
        """One histogram a leg."""

    def add(self, leg: LatencyLeg, seconds: float) -> None:
        """Count one time of a leg."""
        self.by_leg[leg].add(seconds)
