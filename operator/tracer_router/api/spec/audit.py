"""The `audit` section: how many requests the teacher answers as well."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from tracer_router.api.base.model import ApiModel, Effect, Rule
from tracer_router.api.field_types.duration import Duration, DurationRange
from tracer_router.api.field_types.percent import PERCENT_PATTERN, Percent, PercentRange

__all__ = ["Audit", "AuditMode", "Detect"]


class AuditMode(StrEnum):
    """How the audit rate at full weight is determined."""

    FIXED = "Fixed"
    """The rate is `live`."""
    AUTO = "Auto"
    """The operator selects the lowest rate that detects the loss in `detect`."""


class Detect(ApiModel):
    """The loss of agreement that mode `Auto` must detect, and the time to detect it."""

    loss: Annotated[Percent, PercentRange("0.5%", "50%", "5%"), Effect.NOTHING] = (
        Percent("5%")
    )
    """Loss of agreement that must be detected, in percentage points below
    `spec.parity.target`. A smaller value increases the audit rate. Must be between 0.5%
    and 50%. Defaults to 5%."""
    within: Annotated[Duration, DurationRange("1m", "30d", "24h"), Effect.NOTHING] = (
        Duration("24h")
    )
    """Time within which the loss must be detected. A shorter time increases the audit
    rate. Must be between 1m and 30d. Defaults to 24h."""


class Audit(ApiModel):
    """Share of the traffic that the teacher answers in addition to the surrogate.

    Audits measure the agreement of the surrogate with the teacher. They are sampled by
    session, before it is decided who answers.
    """

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            f"![self.live, self.canary].all(p, p.matches(r'{PERCENT_PATTERN}'))"
            " || double(self.live.replace('%', ''))"
            " <= double(self.canary.replace('%', ''))",
            "audit.live must be less than or equal to audit.canary, for example"
            " live: 2% with canary: 100%",
            ".live",
        ),
    )

    mode: Annotated[AuditMode, Effect.NOTHING] = AuditMode.FIXED
    """How the audit rate at full weight is determined. `Fixed`: the rate is `live`.
    `Auto`: the operator selects the lowest rate that detects the loss in `detect` at
    the observed traffic. Defaults to `Fixed`."""
    detect: Detect = Detect()
    """The loss of agreement that mode `Auto` must detect. Has no effect in mode
    `Fixed`."""
    live: Annotated[Percent, PercentRange("0.1%", "100%", "2%"), Effect.NOTHING] = (
        Percent("2%")
    )
    """Share of the sessions that is audited at full weight, and the lowest rate at the
    steps before it. In mode `Auto`, it applies for the first 30 minutes at full weight,
    until the operator has observed enough traffic. Must be between 0.1% and 100% and
    not above `canary`. Defaults to 2%."""
    canary: Annotated[Percent, PercentRange("0.1%", "100%", "100%"), Effect.NOTHING] = (
        Percent("100%")
    )
    """Share of the candidate's sessions that is audited at the first step of a rollout.
    At later steps, the rate falls in proportion to the weight, but not below `live`:
    with steps 5%, 25%, and 100%, a rate of 100% at 5% becomes 20% at 25%. In shadow,
    all sessions are audited. Must be between 0.1% and 100%. Defaults to 100%."""
    per_hour: Annotated[int | None, Field(ge=1, le=1_000_000), Effect.NOTHING] = None
    """Maximum number of paid audits of one pod per hour. When the limit is reached, no
    requests join the uniform sample until budget is available again, so certificates
    and rollout decisions take longer. If not set, there is no limit."""
