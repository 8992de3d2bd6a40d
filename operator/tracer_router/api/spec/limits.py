"""The `limits` section: how much load one data-plane pod accepts."""

from typing import Annotated

from pydantic import Field

from tracer_router.api.base.model import ApiModel, Effect, Rule
from tracer_router.api.field_types.string_types import Quantity

__all__ = ["Limits"]


class Limits(ApiModel):
    """Limits of one data-plane pod.

    A request beyond a limit gets status 413 or 429.
    """

    request_size: Annotated[
        Quantity,
        Rule(
            "!isQuantity(string(self)) || (quantity(string(self))"
            ".compareTo(quantity('1Ki')) >= 0 && quantity(string(self))"
            ".compareTo(quantity('256Mi')) <= 0)",
            "must be between 1Ki and 256Mi, for example 16Mi",
        ),
        Effect.NOTHING,
    ] = "16Mi"
    """Largest request body in bytes on the paths that a surrogate can answer. The pod
    reads these bodies into memory; a larger body gets status 413. Bodies on other paths
    are streamed to the teacher without this limit. Must be between 1Ki and 256Mi.
    Defaults to 16Mi."""
    concurrent_requests: Annotated[int, Field(ge=1, le=100_000), Effect.NOTHING] = 1000
    """Maximum number of concurrent requests of one pod. Further requests get status 429
    with `Retry-After`. Defaults to 1000."""
