"""The `training` section: when attempts start, and on which pods they run."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from tracer_router.api.base.model import ApiModel, Effect, Rule
from tracer_router.api.field_types.duration import Duration, DurationRange
from tracer_router.api.field_types.percent import Percent, PercentRange
from tracer_router.api.field_types.resources import Resources

__all__ = ["Engine", "Training"]


class Engine(StrEnum):
    """The engine that runs an attempt; the result is the same."""

    LOCAL = "Local"
    """One pod runs the attempt."""
    DASK = "Dask"
    """One driver pod and several worker pods run the attempt."""


class Training(ApiModel):
    """When attempts to train and certify a surrogate start, and where they run."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.engine == 'Dask' || self.workers == 1",
            "training.workers must be 1 unless training.engine is Dask; set"
            " training.engine to Dask, or remove training.workers",
            ".workers",
        ),
    )

    minimum_traces: Annotated[int, Field(ge=100, le=10_000_000), Effect.NOTHING] = 1000
    """Number of labeled traces of one task that are required for the first attempt.
    Defaults to 1000."""
    growth: Annotated[Percent, PercentRange("1%", "100%", "50%"), Effect.NOTHING] = (
        Percent("50%")
    )
    """Growth of the number of labeled traces since the last attempt that starts the
    next attempt. For example, with 50% the attempt after 1000 labeled traces starts at
    1500. Must be between 1% and 100%. Defaults to 50%."""
    max_age: Annotated[Duration, DurationRange("1d", "365d", "30d"), Effect.NOTHING] = (
        Duration("30d")
    )
    """Age of the live certificate that starts another attempt if there are enough new
    labeled traces. Must be between 1d and 365d. Defaults to 30d."""
    budget: Annotated[int, Field(ge=1, le=1000), Effect.NOTHING] = 12
    """Maximum number of attempts within 30 days. Attempts that `tracer-router retrain`
    requests do not count. Defaults to 12."""
    engine: Annotated[Engine, Effect.NOTHING] = Engine.LOCAL
    """Engine that runs an attempt. `Local`: one pod. `Dask`: one driver pod and
    `workers` worker pods. The certificate is the same. A change applies to the next
    attempt. Defaults to `Local`."""
    workers: Annotated[int, Field(ge=1, le=100), Effect.NOTHING] = 1
    """Number of worker pods with engine `Dask`, with one thread each. Must be 1 with
    engine `Local`. Defaults to 1."""
    resources: Resources | None = None
    """CPU and memory of each pod of an attempt. If not set, the chart value
    `training.resources` applies."""
