"""Compute resources of a pod."""

from typing import Annotated

from pydantic import Field

from tracer_router.api.base.model import ApiModel, Effect
from tracer_router.api.field_types.string_types import Quantity

__all__ = ["Resources"]


class Resources(ApiModel):
    """Compute resources of a pod, in the format of Kubernetes."""

    requests: Annotated[dict[str, Quantity], Field(max_length=16), Effect.NOTHING] = (
        Field(default_factory=dict)
    )
    """Minimum amount of each resource that is reserved for a pod, for example
    `cpu: 250m`."""
    limits: Annotated[dict[str, Quantity], Field(max_length=16), Effect.NOTHING] = (
        Field(default_factory=dict)
    )
    """Maximum amount of each resource that a pod can use, for example
    `memory: 512Mi`."""
