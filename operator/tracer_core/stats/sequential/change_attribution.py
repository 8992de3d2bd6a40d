"""Attribution of a drop in agreement to the teacher or to the inputs.

Repeated inputs distinguish the two causes. A teacher that was changed answers them
differently than before. If only the traffic has changed, the teacher answers them as
before.

The operator runs this module, and its image has no scipy: the tails are summed here.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = [
    "LEVEL",
    "ChangeAttribution",
    "ChangeCause",
    "RepeatCounts",
    "attribute_change",
]

LEVEL: Final = 0.01
"""Maximum probability of reporting either cause in error."""


class ChangeCause(StrEnum):
    """The cause of a drop in agreement."""

    TEACHER = "TeacherChanged"
    """The teacher answers repeated inputs differently than before."""
    INPUTS = "InputsChanged"
    """The teacher answers repeated inputs as before: the inputs have changed."""
    UNKNOWN = "CauseUnknown"
    """There are too few repeated inputs."""


@dataclass(frozen=True, slots=True)
class RepeatCounts:
    """Counts of repeated inputs: inputs that the teacher had already answered."""

    total: int
    """Number of repeated inputs."""
    changed: int
    """Number of those whose answer differs from the first answer."""


@dataclass(frozen=True, slots=True)
class ChangeAttribution:
    """A cause with its reason."""

    cause: ChangeCause
    """The cause."""
    reason: str
    """Human-readable reason with counts, p-value, and level."""


def attribute_change(
    before: RepeatCounts, recent: RepeatCounts, loss: float
) -> ChangeAttribution:
    """Return the cause of a drop in agreement.

    Claim: if the teacher answers repeats as before, `TEACHER` is returned with
    probability at most `LEVEL` (Fisher's exact test, one-sided; Fisher 1935). If the
    teacher has changed so much that at least `loss` of the repeats are answered
    differently, `INPUTS` is returned with probability at most `LEVEL` (exact binomial
    tail).
    Assumes: repeats are independent given the teacher, and a change of the teacher
    affects repeated inputs at least as much as other traffic.

    Args:
        before: Repeats while the agreement was at least the target.
        recent: Repeats since the drop.
        loss: Decrease of the agreement since then, in [0, 1].

    Returns:
        The cause with its reason.
    """
    counts = (
        f"{recent.total} repeated inputs since the drop ({recent.changed} changed"
        f" answers), {before.total} before ({before.changed})"
    )
    more = _p_more(before, recent)
    if more <= LEVEL:
        reason = f"the teacher has changed: {counts}; p = {more:.2g}, level {LEVEL}"
        return ChangeAttribution(ChangeCause.TEACHER, reason)
    fewer = _p_fewer(recent, loss)
    if fewer <= LEVEL:
        reason = (
            f"the inputs have changed, not the teacher: {counts}; a loss of {loss:.1%}"
            " caused by the teacher would change more answers;"
            f" p = {fewer:.2g}, level {LEVEL}"
        )
        return ChangeAttribution(ChangeCause.INPUTS, reason)
    return ChangeAttribution(
        ChangeCause.UNKNOWN, f"cannot attribute the change: {counts}"
    )


def _p_more(before: RepeatCounts, recent: RepeatCounts) -> float:
    """Return the p-value of "the share of changed answers has not increased"."""
    total = before.total + recent.total
    changed = before.changed + recent.changed
    all_tables = _log_choose(total, recent.total)
    logs = (
        _log_choose(changed, count)
        + _log_choose(total - changed, recent.total - count)
        - all_tables
        for count in range(recent.changed, min(changed, recent.total) + 1)
    )
    return min(1.0, math.fsum(map(math.exp, logs)))


def _p_fewer(recent: RepeatCounts, loss: float) -> float:
    """Return the p-value of "the share of changed answers is at least the loss"."""
    if not 0 < loss < 1 or not recent.total:
        return 1.0
    logs = (
        _log_choose(recent.total, count)
        + count * math.log(loss)
        + (recent.total - count) * math.log1p(-loss)
        for count in range(recent.changed + 1)
    )
    return min(1.0, math.fsum(map(math.exp, logs)))


def _log_choose(items: int, chosen: int) -> float:
    if not 0 <= chosen <= items:
        return -math.inf
    return (
        math.lgamma(items + 1)
        - math.lgamma(chosen + 1)
        - math.lgamma(items - chosen + 1)
    )
