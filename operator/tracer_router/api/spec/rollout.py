"""The `rollout` section: how traffic moves to a certified surrogate."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from tracer_router.api.base.model import ApiModel, Effect, Rule
from tracer_router.api.field_types.duration import Duration, DurationRange
from tracer_router.api.field_types.percent import Percent, PercentRange

__all__ = ["OnInconclusive", "Promotion", "Rollout"]

_STEP = PercentRange("1%", "100%", "25%", whole=True)


class OnInconclusive(StrEnum):
    """What happens to a candidate after `maxDuration` without a decision."""

    HOLD = "Hold"
    """The candidate keeps its weight; new evidence or a command can still move it."""
    ROLLBACK = "Rollback"
    """The candidate is rolled back."""


class Promotion(StrEnum):
    """Who promotes a candidate to full weight when the evidence is sufficient."""

    AUTOMATIC = "Automatic"
    """The operator promotes the candidate."""
    MANUAL = "Manual"
    """`tracer-router promote` is required; the steps before are automatic."""


class Rollout(ApiModel):
    """How traffic moves to a certified surrogate.

    A rollout starts in shadow, where the candidate is audited while the teacher or the
    live revision answers, and then moves through the steps when the audits are
    sufficient.
    """

    steps: Annotated[
        tuple[Annotated[Percent, _STEP], ...],
        Field(min_length=1, max_length=10),
        Rule(
            "self.size() == 0 || self[self.size() - 1] == '100%'",
            "the last step must be 100%, for example [5%, 25%, 100%]",
        ),
        Rule(
            "!self.all(s, s.matches('^[0-9]{1,3}%$')) || ("
            "self.map(s, int(s.replace('%', ''))).isSorted()"
            " && self.all(s, self.exists_one(t, t == s)))",
            "the steps must increase without duplicates, for example [5%, 25%, 100%]",
        ),
        Effect.NOTHING,
    ] = (Percent("5%"), Percent("25%"), Percent("100%"))
    """Weights of the candidate, as whole percentages of the traffic in increasing
    order. Between 1 and 10 steps; the last must be 100%. Before the first step, the
    candidate is in shadow: it is audited, and does not answer. Defaults to 5%, 25%, and
    100%."""
    period: Annotated[Duration, DurationRange("1s", "30d", "24h"), Effect.NOTHING] = (
        Duration("24h")
    )
    """Length of one full period of the traffic, such as a day. A candidate does not
    reach full weight before it has been audited for this long, because agreement can
    depend on the time of day. `tracer-router promote` skips the rest of it. Must be
    between 1s and 30d. Defaults to 24h."""
    max_duration: Annotated[
        Duration, DurationRange("1m", "90d", "7d"), Effect.NOTHING
    ] = Duration("7d")
    """Maximum time from the start of the rollout to full weight. After this time, the
    rollout is inconclusive, and `onInconclusive` applies. Restarts of pods or of the
    operator do not reset the time. Must be between 1m and 90d. Defaults to 7d."""
    on_inconclusive: Annotated[OnInconclusive, Effect.NOTHING] = OnInconclusive.HOLD
    """What happens to an inconclusive rollout. `Hold`: the candidate keeps its weight,
    and new evidence or a command can still move it. `Rollback`: the candidate is rolled
    back. Defaults to `Hold`."""
    promotion: Annotated[Promotion, Effect.NOTHING] = Promotion.AUTOMATIC
    """Who promotes a candidate to full weight when the evidence is sufficient.
    `Automatic`: the operator. `Manual`: a person, with `tracer-router promote`; the
    steps before are automatic. Rollback is always automatic. Defaults to
    `Automatic`."""
    soak: Annotated[Duration, DurationRange("1s", "7d", "1h"), Effect.NOTHING] = (
        Duration("1h")
    )
    """How long the pods of a replaced revision keep running, so that a rollback can
    return to it immediately. Must be between 1s and 7d. Defaults to 1h."""
