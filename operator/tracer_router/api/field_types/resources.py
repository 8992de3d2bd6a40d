"""What a pod asks for and may use."""

from typing import Annotated

from pydantic import Field

from tracer_router.api.base.model import ApiModel, Effect
from tracer_router.api.field_types.string_types import Quantity

__all__ = ["Resources"]


class Resources(ApiModel):
    """What a pod asks for and may use."""

    requests: Annotated[dict[str, Quantity], Field(max_length=16), Effect.NOTHING] = (
        Field(default_factory=dict)
    )
    """What is reserved, such as cpu: 250m."""
    limits: Annotated[dict[str, Quantity], Field(max_length=16), Effect.NOTHING] = (
        Field(default_factory=dict)
    )
    """What it may not exceed, such as memory: 512Mi."""
