"""TODO-DOC."""

from typing import Annotated

from pydantic import Field

from tracer_router.api.base.model import ApiModel, Effect, Rule
from tracer_router.api.field_types.string_types import Quantity

__all__ = ["Limits"]


class Limits(ApiModel):
    """How much one pod takes on; beyond it, clients get 413 or 429."""

    request_size: Annotated[
        Quantity,
        Rule(
            "!isQuantity(string(self)) || (quantity(string(self))"
            ".compareTo(quantity('1Ki')) >= 0 && quantity(string(self))"
            ".compareTo(quantity('256Mi')) <= 0)",
            "say a size from 1Ki to 256Mi, such as 16Mi",
        ),
        Effect.NOTHING,
    ] = "16Mi"
    """Largest request body on the paths that a surrogate may answer; it is read into
    memory. Other paths stream through, under the teacher's own limit."""
    concurrent_requests: Annotated[int, Field(ge=1, le=100_000), Effect.NOTHING] = 1000
    """Requests that one pod has under way at the same time."""
