"""The check that the answers of the teacher are a small closed set."""

from collections import Counter
from collections.abc import Sequence

__all__ = ["label_space_refusal"]

_MAX_LABELS = 200
_SINGLE_SHARE = 0.5


def label_space_refusal(labels: Sequence[str | None]) -> str | None:
    """Return the reason why the answers cannot be trained on; none if they can.

    Args:
        labels: The answer of the teacher to each TRAIN row.
    """
    counts = Counter(labels)
    single = sum(count == 1 for count in counts.values())
    if not counts:
        return "no training row has a usable answer of the teacher"
    if len(counts) == 1:
        return "the teacher returned the same answer for all training rows"
    if len(counts) > _MAX_LABELS or single > _SINGLE_SHARE * len(counts):
        return (
            "the answers of the teacher are not a small closed set:"
            f" {len(counts)} different answers in {len(labels)} training rows,"
            f" {single} of them only once"
        )
    return None
