"""TODO-DOC."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from tracer_router.api.base.model import ApiModel, Effect, Rule
from tracer_router.api.field_types.duration import Duration, DurationRange
from tracer_router.api.field_types.percent import PERCENT_PATTERN, Percent, PercentRange

__all__ = ["Audit", "AuditMode", "Detect"]


class AuditMode(StrEnum):
    """Who sets the audit rate at full weight."""

    FIXED = "Fixed"
    """The spec, by `live`."""
    AUTO = "Auto"
    """The operator: as low as notices the loss in time that `detect` states."""


class Detect(ApiModel):
    """Which loss of agreement must be noticed, and how soon."""

    loss: Annotated[Percent, PercentRange("0.5%", "50%", "5%"), Effect.NOTHING] = (
        Percent("5%")
    )
    """How far agreement may fall below the target unnoticed, such as 5%."""
    within: Annotated[Duration, DurationRange("1m", "30d", "24h"), Effect.NOTHING] = (
        Duration("24h")
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
    live: Annotated[Percent, PercentRange("0.1%", "100%", "2%"), Effect.NOTHING] = (
        Percent("2%")
    )
    """Share of the sessions that is audited at full weight; with Auto, until enough
    traffic was seen to choose another."""
    canary: Annotated[Percent, PercentRange("0.1%", "100%", "100%"), Effect.NOTHING] = (
        Percent("100%")
    )
    """Share of the candidate's sessions that is audited during the rollout."""
    per_hour: Annotated[int | None, Field(ge=1, le=1_000_000), Effect.NOTHING] = None
    """Audits that one pod pays for in an hour at most; no limit when absent. Beyond it
    nothing joins the uniform sample, so growth and verdicts take longer."""
