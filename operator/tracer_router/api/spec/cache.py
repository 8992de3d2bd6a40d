"""The `cache` section: answers to exact repeats of a request."""

from typing import Annotated

from pydantic import Field

from tracer_router.api.base.model import ApiModel, Effect
from tracer_router.api.field_types.duration import Duration, DurationRange

__all__ = ["Cache"]


class Cache(ApiModel):
    """Cache of teacher answers for exact repeats of a request.

    Cache hits are counted separately from answers of the surrogate.
    """

    ttl: Annotated[Duration, DurationRange("1s", "7d", "10m"), Effect.NOTHING] = (
        Duration("10m")
    )
    """How long a pod reuses an answer for the same request of the same caller. Must be
    between 1s and 7d. Defaults to 10m."""
    entries: Annotated[int, Field(ge=1, le=1_000_000), Effect.NOTHING] = 10_000
    """Maximum number of answers in the cache of one pod. Defaults to 10000."""
