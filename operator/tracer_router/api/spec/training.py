"""When an attempt at a certificate is made, and on how many pods."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from tracer_router.api.base.model import ApiModel, Effect, Rule
from tracer_router.api.field_types.duration import Duration, DurationRange
from tracer_router.api.field_types.percent import Percent, PercentRange
from tracer_router.api.field_types.resources import Resources

__all__ = ["Engine", "Training"]


class Engine(StrEnum):
    """What computes an attempt; the result is the same."""

    LOCAL = "Local"
    """One pod."""
    DASK = "Dask"
    """A pod that drives, and workers."""


class Training(ApiModel):
    """When an attempt at a certificate is made, and by what."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.engine == 'Dask' || self.workers == 1",
            "training.workers belongs to engine Dask: say engine Dask, or remove"
            " workers",
            ".workers",
        ),
    )

    minimum_traces: Annotated[int, Field(ge=100, le=10_000_000), Effect.NOTHING] = 1000
    """Labelled traces before the first attempt."""
    growth: Annotated[Percent, PercentRange("1%", "100%", "50%"), Effect.NOTHING] = (
        Percent("50%")
    )
    """Growth of the labelled traces since the last attempt before the next one."""
    max_age: Annotated[Duration, DurationRange("1d", "365d", "30d"), Effect.NOTHING] = (
        Duration("30d")
    )
    """Age of the live certificate at which another attempt is made, if there are new
    labelled traces."""
    budget: Annotated[int, Field(ge=1, le=1000), Effect.NOTHING] = 12
    """Attempts within 30 days at most; one that is asked for by `retrain` is free."""
    engine: Annotated[Engine, Effect.NOTHING] = Engine.LOCAL
    """Local: one pod computes an attempt. Dask: `workers` pods do, for one more that
    drives them. The certificate is the same; a change is for the next attempt."""
    workers: Annotated[int, Field(ge=1, le=100), Effect.NOTHING] = 1
    """Pods that compute, with engine Dask; of one thread each."""
    resources: Resources | None = None
    """CPU and memory of each pod of an attempt; the chart's when absent."""
