"""What has changed when agreement has fallen: the teacher, or what it is asked?

Inputs that come again tell the two apart. A teacher that was changed answers them
otherwise than before; where only the traffic is another it answers them as it did.

The operator runs this, and its image has no scipy: the tails are summed here.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "LEVEL",
    "ChangeAttribution",
    "ChangeCause",
    "RepeatCounts",
    "attribute_change",
]

LEVEL = 0.01
"""Probability of naming either cause by mistake, at the most."""


class ChangeCause(StrEnum):
    """What has changed."""

    TEACHER = "TeacherChanged"
    """The teacher answers the same inputs otherwise than before."""
    INPUTS = "InputsChanged"
    """It answers them as before: the inputs are others."""
    UNKNOWN = "CauseUnknown"
    """Too few inputs came again to tell."""


@dataclass(frozen=True, slots=True)
class RepeatCounts:
    """Inputs that the teacher had answered before."""

    total: int
    """How many came again."""
    otherwise: int
    """How many of them it answered otherwise than the first time."""


@dataclass(frozen=True, slots=True)
class ChangeAttribution:
    """The cause with the figures behind it."""

    cause: ChangeCause
    """What has changed."""
    reason: str
    """Why, for people: values, sizes, probability and level."""


def attribute_change(
    before: RepeatCounts, lately: RepeatCounts, loss: float
) -> ChangeAttribution:
    """Say what has changed.

    Claims: where the teacher answers repeats as ever, it is said to have changed with
    probability `LEVEL` at most (Fisher's exact test, one-sided; Fisher 1935). Where it
    has changed so much that at least `loss` of the repeats are answered otherwise, only
    the inputs are said to have with probability `LEVEL` at most (exact binomial tail).

    Assumes that repeats are independent given the teacher, and that what comes again is
    hit by a change of the teacher no less than other traffic.

    Args:
        before: Repeats while agreement was as promised.
        lately: Those since.
        loss: By how much agreement has fallen since.
    """
    more = _p_more(before, lately)
    figures = (
        f"of {lately.total} inputs that came again lately the teacher answered "
        f"{lately.otherwise} otherwise than the first time, of {before.total} before "
        f"{before.otherwise}"
    )
    if more <= LEVEL:
        said = f"the teacher has changed: {figures} (p = {more:.2g}, level {LEVEL})"
        return ChangeAttribution(ChangeCause.TEACHER, said)
    fewer = _p_fewer(lately, loss)
    if fewer <= LEVEL:
        said = (
            f"the inputs have changed, not the teacher: {figures}; a loss of {loss:.1%}"
            f" by the teacher would show more (p = {fewer:.2g}, level {LEVEL})"
        )
        return ChangeAttribution(ChangeCause.INPUTS, said)
    return ChangeAttribution(
        ChangeCause.UNKNOWN,
        f"too few inputs came again to tell what has changed: {figures}",
    )


def _p_more(before: RepeatCounts, lately: RepeatCounts) -> float:
    total = before.total + lately.total
    otherwise = before.otherwise + lately.otherwise
    every = _log_choose(total, lately.total)
    logs = (
        _log_choose(otherwise, hit)
        + _log_choose(total - otherwise, lately.total - hit)
        - every
        for hit in range(lately.otherwise, min(otherwise, lately.total) + 1)
    )
    return min(1.0, math.fsum(map(math.exp, logs)))


def _p_fewer(lately: RepeatCounts, loss: float) -> float:
    if not 0 < loss < 1 or not lately.total:
        return 1.0
    logs = (
        _log_choose(lately.total, hit)
        + hit * math.log(loss)
        + (lately.total - hit) * math.log1p(-loss)
        for hit in range(lately.otherwise + 1)
    )
    return min(1.0, math.fsum(map(math.exp, logs)))


def _log_choose(of: int, some: int) -> float:
    if not 0 <= some <= of:
        return -math.inf
    return math.lgamma(of + 1) - math.lgamma(some + 1) - math.lgamma(of - some + 1)
