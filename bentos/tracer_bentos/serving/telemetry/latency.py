"""Latency histograms of each leg of a request, with fixed buckets."""

from bisect import bisect_left
from enum import StrEnum
from typing import Final

__all__ = ["BUCKET_BOUNDS", "Histogram", "Latencies", "LatencyLeg"]

BUCKET_BOUNDS: Final = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)
"""Upper bounds of the buckets in seconds; the last bucket has no bound."""


class LatencyLeg(StrEnum):
    """A part of the processing of a request."""

    SURROGATE = "surrogate"
    """Router time from a complete question to the complete surrogate answer sent."""
    TEACHER = "teacher"
    """Router time from a complete question to the call to the teacher."""
    EMBEDDING = "embedding"
    """Time waiting for an embeddings endpoint; not part of the other legs."""
    TEACHER_HEAD = "teacher-head"
    """Time from the call to the teacher to the head of its response, including the
    connection."""
    TEACHER_WHOLE = "teacher-whole"
    """Time from the call to the teacher to the last byte sent to the client."""


class Histogram:
    """Number of observed times in each bucket."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKET_BOUNDS) + 1)
        """Number of times by bucket; the last bucket has no bound."""
        self.total = 0.0
        """Sum of all times in seconds."""

    def observe(self, seconds: float) -> None:
        """Add one time."""
        self.counts[bisect_left(BUCKET_BOUNDS, seconds)] += 1
        self.total += seconds

    @property
    def count(self) -> int:
        """Number of all times."""
        return sum(self.counts)

    def count_above(self, bound: float) -> int:
        """Return the number of times longer than `bound`, one of `BUCKET_BOUNDS`."""
        return sum(self.counts[BUCKET_BOUNDS.index(bound) + 1 :])

    def cumulative(self) -> list[tuple[str, float]]:
        """Return the buckets in the format of Prometheus, with cumulative counts."""
        buckets, total = [], 0
        for bound, count in zip((*BUCKET_BOUNDS, "+Inf"), self.counts, strict=True):
            total += count
            buckets.append((str(bound), float(total)))
        return buckets


class Latencies:
    """The histograms of one process."""

    def __init__(self) -> None:
        self.by_leg = {leg: Histogram() for leg in LatencyLeg}
        """One histogram for each leg."""

    def observe(self, leg: LatencyLeg, seconds: float) -> None:
        """Add one time of a leg."""
        self.by_leg[leg].observe(seconds)
