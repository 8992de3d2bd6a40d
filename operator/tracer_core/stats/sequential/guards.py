"""Guards against harm other than disagreement: internal errors and added latency.

Latency is guarded separately for each path: a candidate that is slow only when its
surrogate answers must not be hidden by many fast deferrals, or the other way round.

Each guard is an e-process on counts, like the one for rollback, evaluated at the same
looks, with a share of the same error probability.

Claim: a candidate with allowed rates is rolled back by any guard or by its audits with
probability at most 1 - confidence. Common rules, such as a number of bad windows in a
row, have an error probability that depends on the traffic.
Assumes: given the past, the next request that a guard refers to has the harm with at
most the allowed probability. The guards can depend on each other in any way.
Source: as for `e_values`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

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

AUDITS_SHARE: Final = 0.9
"""Share of the error probability for rollback by audits; the guards share the rest."""

_SLOW: Final = f"over {SLOW_SECONDS * 1000:g} ms"


class GuardKind(Enum):
    """A kind of harm and its allowed rate.

    For latency, the rate corresponds to a limit on the 95th percentile of the path.
    """

    FAULTS = ("internal errors", 0.001)
    """Requests that the teacher had to answer because of an internal error."""
    SURROGATE_LEG = (
        f"slow surrogate path ({_SLOW} from the parsed request to the complete answer)",
        0.05,
    )
    """Answers of the surrogate that took too long until they were complete."""
    TEACHER_LEG = (
        f"slow teacher path ({_SLOW} from the parsed request to the teacher request)",
        0.05,
    )
    """Requests left to the teacher that were delayed for too long."""

    @property
    def text(self) -> str:
        """Human-readable name."""
        return self.value[0]

    @property
    def counter(self) -> str:
        """Name of the field of `GuardCounters` that counts it."""
        return self.name.lower()

    @property
    def allowed(self) -> float:
        """Allowed rate, in (0, 1)."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class GuardCount:
    """Counts of one kind of harm."""

    questions: int = 0
    """Number of requests in which the harm was possible."""
    times: int = 0
    """Number of occurrences. Internal errors can occur more than once per request."""


GuardCounts = Mapping[GuardKind, GuardCount]
"""Counts of each kind of harm; a missing kind has no counts."""


def guard_level(confidence: float) -> float:
    """Return the error probability of each guard.

    Args:
        confidence: One minus the error probability of rollback, in (0, 1).
    """
    return (1 - AUDITS_SHARE) * (1 - confidence) / len(GuardKind)


def first_tripped_guard(harm: GuardCounts, confidence: float) -> str | None:
    """Return the first guard whose limit is exceeded, as text with its counts.

    Args:
        harm: Counts of each kind of harm.
        confidence: One minus the error probability of rollback, in (0, 1).

    Returns:
        The text, or None if no guard has tripped.
    """
    bound = -math.log(guard_level(confidence))
    for guard in GuardKind:
        count = harm.get(guard, GuardCount())
        times = min(count.times, count.questions)
        if rollback_log_e(times, count.questions, 1 - guard.allowed) >= bound:
            return (
                f"{guard.text} above {guard.allowed:.1%}: {times} of"
                f" {count.questions} requests"
            )
    return None
