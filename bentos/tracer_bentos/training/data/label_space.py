"""Whether the teacher's answers are a small closed set, which can be learnt."""

from collections import Counter
from collections.abc import Sequence

__all__ = ["label_space_refusal"]

_MAX_LABELS = 200
_SINGLE_SHARE = 0.5


def label_space_refusal(labels: Sequence[str | None]) -> str | None:
    """Say why nothing can be learnt from such answers, for people; None if it can.

    Args:
        labels: The teacher's answer to each row that would train.
    """
    counts = Counter(labels)
    single = sum(count == 1 for count in counts.values())
    if not counts:
        return "there is no row with a usable answer of the teacher to learn from"
    if len(counts) == 1:
        return "the teacher gives one and the same answer in all training rows"
    if len(counts) > _MAX_LABELS or single > _SINGLE_SHARE * len(counts):
        return (
            f"the teacher's answers are no small closed set: {len(counts)} different"
            f" ones in {len(labels)} training rows, {single} of them only once"
        )
    return None
