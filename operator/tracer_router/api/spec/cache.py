"""TODO-DOC."""

from typing import Annotated

from pydantic import Field

from tracer_router.api.base.model import ApiModel, Effect
from tracer_router.api.field_types.duration import Duration, DurationRange

__all__ = ["Cache"]


class Cache(ApiModel):
    """The teacher's answers given again to exact repeats, counted apart."""

    ttl: Annotated[Duration, DurationRange("1s", "7d", "10m"), Effect.NOTHING] = (
        Duration("10m")
    )
    """How long an answer is given again: to the same request of the same caller."""
    entries: Annotated[int, Field(ge=1, le=1_000_000), Effect.NOTHING] = 10_000
    """Answers that one pod keeps at most."""
