"""A condition without its times, as the checks return it."""

from datetime import datetime
from typing import NamedTuple

from tracer_router.api import (
    Condition,
    ConditionStatus,
    ConditionType,
    Reason,
    set_condition,
)

__all__ = ["ConditionState", "set_conditions"]


class ConditionState(NamedTuple):
    """A condition without its times."""

    type: ConditionType
    status: ConditionStatus
    reason: Reason
    message: str


def set_conditions(
    conditions: tuple[Condition, ...],
    states: tuple[ConditionState, ...],
    generation: int | None,
    now: datetime,
) -> tuple[Condition, ...]:
    """Return the conditions with new states, sorted by type.

    The transition time of a condition changes only with its status.

    Args:
        conditions: The present conditions.
        states: The new states.
        generation: The generation of the spec that the states are about.
        now: The present time.
    """
    for state in states:
        condition = Condition(
            type=state.type.value,
            status=state.status,
            reason=state.reason.value,
            message=state.message,
            observed_generation=generation,
        )
        conditions = set_condition(conditions, condition, now)
    return tuple(sorted(conditions, key=lambda condition: condition.type))
