"""Guards against harm that is no disagreement: faults and slowness of our own.

Each is an e-process on counts like the one for rollback, looked at as often, with its
part of the same error: what a candidate of an allowed rate risks by all of them
together, and by its audits, is 1 - confidence. A common rule (so many bad windows in a
row) has an error that depends on the traffic; this one has not.

Assumed: whatever came before, the next question meets the harm with the allowed
probability at most. Source: as in `sequential`.
"""

import math
from dataclasses import dataclass
from enum import Enum

from tracer_router.parity.sequential import rollback_log_e

__all__ = ["AUDITS_SHARE", "Guard", "Harm", "tripped"]

AUDITS_SHARE = 0.9
"""Part of the error that rollback by audits has; the guards share the rest."""


class Guard(Enum):
    """A harm and the rate of it that is allowed."""

    FAULTS = ("faults of its own", 0.001)
    """Questions that the teacher had to answer because something of ours failed."""
    SLOWNESS = ("slow decisions", 0.05)
    """Questions in which deciding took long: the allowed rate makes it a bound on the
    95th percentile."""

    @property
    def text(self) -> str:
        """What people call it."""
        return self.value[0]

    @property
    def allowed(self) -> float:
        """The rate that is allowed."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Harm:
    """What was counted of every harm in so many questions."""

    questions: int
    """Questions taken."""
    faults: int = 0
    """Faults of our own."""
    slow: int = 0
    """Slow decisions."""

    def count(self, guard: Guard) -> int:
        """Give the count that a guard looks at, never above the questions."""
        found = {Guard.FAULTS: self.faults, Guard.SLOWNESS: self.slow}[guard]
        return min(found, self.questions)


def tripped(harm: Harm, confidence: float) -> str | None:
    """Say which guard has tripped, with its figures; none when none has."""
    level = (1 - AUDITS_SHARE) * (1 - confidence) / len(Guard)
    for guard in Guard:
        found = harm.count(guard)
        log_e = rollback_log_e(found, harm.questions, 1 - guard.allowed)
        if log_e >= -math.log(level):
            return (
                f"{guard.text} above {guard.allowed:.1%}: {found} in "
                f"{harm.questions} questions"
            )
    return None
