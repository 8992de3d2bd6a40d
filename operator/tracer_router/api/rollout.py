"""How a certified surrogate takes its part of the traffic, and how it is watched."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from tracer_router.api.duration import Duration, Within
from tracer_router.api.model import ApiModel, Effect, Rule
from tracer_router.api.percent import PERCENT_PATTERN, Between, Percent

__all__ = ["Audit", "AuditMode", "Detect", "OnInconclusive", "Promotion", "Rollout"]

_STEP = Between("1%", "100%", "25%", whole=True)


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
    period: Annotated[Duration, Within("1s", "30d", "24h"), Effect.NOTHING] = Duration(
        "24h"
    )
    """One full period of the traffic: full weight is not reached before the candidate
    has been audited for that long, because agreement may change with the hour."""
    max_duration: Annotated[Duration, Within("1m", "90d", "7d"), Effect.NOTHING] = (
        Duration("7d")
    )
    """Time from certificate to full weight, after which the rollout is inconclusive.
    Nothing resets it: neither a restart nor a crash loop."""
    on_inconclusive: Annotated[OnInconclusive, Effect.NOTHING] = OnInconclusive.HOLD
    """What happens then."""
    promotion: Annotated[Promotion, Effect.NOTHING] = Promotion.AUTOMATIC
    """Who opens full weight once the evidence allows it."""
    soak: Annotated[Duration, Within("1s", "7d", "1h"), Effect.NOTHING] = Duration("1h")
    """How long a revision that no longer serves keeps its pods, to go back to."""


class AuditMode(StrEnum):
    """Who sets the audit rate at full weight."""

    FIXED = "Fixed"
    """The spec, by `live`."""
    AUTO = "Auto"
    """The operator: as low as notices the loss in time that `detect` states."""


class Detect(ApiModel):
    """Which loss of agreement must be noticed, and how soon."""

    loss: Annotated[Percent, Between("0.5%", "50%", "5%"), Effect.NOTHING] = Percent(
        "5%"
    )
    """How far agreement may fall below the target unnoticed, such as 5%."""
    within: Annotated[Duration, Within("1m", "30d", "24h"), Effect.NOTHING] = Duration(
        "24h"
    )
    """In which time a larger fall must be noticed."""


class Audit(ApiModel):
    """How much of the traffic is answered by the teacher as well, to keep watch."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            f"![self.live, self.canary].all(p, p.matches(r'{PERCENT_PATTERN}'))"
            " || double(self.live.replace('%', ''))"
            " <= double(self.canary.replace('%', ''))",
            "audit.live must not be above audit.canary: raise canary or lower live",
            ".live",
        ),
    )

    mode: Annotated[AuditMode, Effect.NOTHING] = AuditMode.FIXED
    """Fixed: `live` is the rate. Auto: as low as `detect` allows."""
    detect: Detect = Detect()
    """What Auto must notice, and how soon."""
    live: Annotated[Percent, Between("0.1%", "100%", "2%"), Effect.NOTHING] = Percent(
        "2%"
    )
    """Share of the sessions that is audited at full weight; with Auto, until enough
    traffic was seen to choose another."""
    canary: Annotated[Percent, Between("0.1%", "100%", "100%"), Effect.NOTHING] = (
        Percent("100%")
    )
    """Share of the candidate's sessions that is audited during the rollout."""
    per_hour: Annotated[int | None, Field(ge=1, le=1_000_000), Effect.NOTHING] = None
    """Audits that one pod pays for in an hour at most; no limit when absent. Beyond it
    nothing joins the uniform sample, so growth and verdicts take longer."""
