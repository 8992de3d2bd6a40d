"""Guards against harm that is no disagreement: faults of our own, and time of our own.

Time is guarded leg by leg: a candidate that is slow only where its surrogate answers
must not hide behind many quick deferrals, nor the other way round.

Each guard is an e-process on counts like the one for rollback, looked at as often, with
its part of the same error: what a candidate of allowed rates risks by all of them
together, and by its audits, is 1 - confidence. A common rule (so many bad windows in a
row) has an error that depends on the traffic; this one has not.

Assumed: whatever came before, the next question that a guard is about meets its harm
with the allowed probability at most; the guards may depend on each other in any way.
Source: as in `sequential`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from tracer_core.contracts.evidence import SLOW_SECONDS
from tracer_core.stats.sequential.e_values import rollback_log_e

__all__ = [
    "AUDITS_SHARE",
    "GuardCount",
    "GuardCounts",
    "GuardKind",
    "first_tripped_guard",
    "guard_level",
]

AUDITS_SHARE = 0.9
"""Part of the error that rollback by audits has; the guards share the rest."""

_SLOW = f"over {SLOW_SECONDS * 1000:g} ms"


class GuardKind(Enum):
    """A harm and the rate of it that is allowed.

    For time the rate makes it a bound on the 95th percentile of the leg.
    """

    FAULTS = ("faults of its own", 0.001)
    """Questions that the teacher had to answer because something of ours failed."""
    SURROGATE_LEG = (
        f"slow surrogate leg ({_SLOW} from the question to the whole answer)",
        0.05,
    )
    """Answers of the surrogate that took long until they were handed over."""
    TEACHER_LEG = (
        f"slow teacher leg ({_SLOW} from the question to asking the teacher)",
        0.05,
    )
    """Questions left to the teacher that we held up for long."""

    @property
    def text(self) -> str:
        """What people call it."""
        return self.value[0]

    @property
    def allowed(self) -> float:
        """The rate that is allowed."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class GuardCount:
    """How often a harm was met."""

    questions: int = 0
    """Questions in which it could be."""
    times: int = 0
    """Questions in which it was; faults may be counted beyond the questions."""


GuardCounts = Mapping[GuardKind, GuardCount]
"""What was counted of each harm; what is not named was not counted."""


def guard_level(confidence: float) -> float:
    """Give the probability of tripping that each guard has to itself."""
    return (1 - AUDITS_SHARE) * (1 - confidence) / len(GuardKind)


def first_tripped_guard(harm: GuardCounts, confidence: float) -> str | None:
    """Say which guard has tripped, with its figures; none when none has."""
    bound = -math.log(guard_level(confidence))
    for guard in GuardKind:
        met = harm.get(guard, GuardCount())
        times = min(met.times, met.questions)
        if rollback_log_e(times, met.questions, 1 - guard.allowed) >= bound:
            return (
                f"{guard.text} above {guard.allowed:.1%}: {times} in "
                f"{met.questions} questions"
            )
    return None
