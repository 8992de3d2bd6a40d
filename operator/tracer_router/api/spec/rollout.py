"""How a certified surrogate takes its part of the traffic, and how it is watched."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from tracer_router.api.base.model import ApiModel, Effect, Rule
from tracer_router.api.field_types.duration import Duration, DurationRange
from tracer_router.api.field_types.percent import Percent, PercentRange

__all__ = ["OnInconclusive", "Promotion", "Rollout"]

_STEP = PercentRange("1%", "100%", "25%", whole=True)


class OnInconclusive(StrEnum):
    """What becomes of a candidate that the evidence has not decided in time."""

    HOLD = "Hold"
    """It stays at its weight; evidence or a person may still move it."""
    ROLLBACK = "Rollback"
    """It is rolled back."""


class Promotion(StrEnum):
    """Who opens full weight once the evidence allows it."""

    AUTOMATIC = "Automatic"
    """The operator."""
    MANUAL = "Manual"
    """A person, by `tracer-router promote`; everything before is automatic."""


class Rollout(ApiModel):
    """How a certified surrogate takes its part of the traffic."""

    steps: Annotated[
        tuple[Annotated[Percent, _STEP], ...],
        Field(min_length=1, max_length=10),
        Rule(
            "self.size() == 0 || self[self.size() - 1] == '100%'",
            "the last of rollout.steps must be 100%: add it",
        ),
        Rule(
            "!self.all(s, s.matches('^[0-9]{1,3}%$')) || ("
            "self.map(s, int(s.replace('%', ''))).isSorted()"
            " && self.all(s, self.exists_one(t, t == s)))",
            "rollout.steps must rise, each once: put them in order, such as"
            " 5%, 25%, 100%",
        ),
        Effect.NOTHING,
    ] = (Percent("5%"), Percent("25%"), Percent("100%"))
    """Shares of the traffic, rising, the last 100%. Before the first the candidate is
    in shadow: asked and audited, while the teacher answers."""
    period: Annotated[Duration, DurationRange("1s", "30d", "24h"), Effect.NOTHING] = (
        Duration("24h")
    )
    """One full period of the traffic: full weight is not reached before the candidate
    has been audited for that long, because agreement may change with the hour."""
    max_duration: Annotated[
        Duration, DurationRange("1m", "90d", "7d"), Effect.NOTHING
    ] = Duration("7d")
    """Time from certificate to full weight, after which the rollout is inconclusive.
    Nothing resets it: neither a restart nor a crash loop."""
    on_inconclusive: Annotated[OnInconclusive, Effect.NOTHING] = OnInconclusive.HOLD
    """What happens then."""
    promotion: Annotated[Promotion, Effect.NOTHING] = Promotion.AUTOMATIC
    """Who opens full weight once the evidence allows it."""
    soak: Annotated[Duration, DurationRange("1s", "7d", "1h"), Effect.NOTHING] = (
        Duration("1h")
    )
    """How long a revision that no longer serves keeps its pods, to go back to."""
