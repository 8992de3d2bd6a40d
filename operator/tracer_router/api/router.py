"""The TracerRouter: the one object a user writes."""

from typing import ClassVar, Literal

from tracer_router.api.base.kind import Column, Kind
from tracer_router.api.base.meta import ObjectMeta
from tracer_router.api.base.model import ApiModel, Rule
from tracer_router.api.spec.router_spec import TracerRouterSpec
from tracer_router.api.status.router_status import TracerRouterStatus

__all__ = ["TracerRouter"]


class TracerRouter(ApiModel):
    """Sits before a teacher and moves certified traffic over to a surrogate.

    The minimal object says `teacher.url` and `parity.target`. Until something is
    certified, and whenever anything breaks, the teacher answers.
    """

    resource: ClassVar[Kind] = Kind(
        kind="TracerRouter",
        plural="tracerrouters",
        short_name="trouter",
        columns=(
            Column("Ready", '.status.conditions[?(@.type=="Ready")].status'),
            Column("Phase", ".status.phase"),
            Column("Coverage", ".status.coverage"),
            Column("Agreement", ".status.agreement.estimate"),
            Column("Weight", ".status.weight.asked", type="integer"),
            Column("Saved", ".status.saved"),
            Column("Age", ".metadata.creationTimestamp", type="date"),
            Column("Next", ".status.next", priority=1),
        ),
    )
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.metadata.name.size() <= 40"
            " && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
            "metadata.name must begin with a letter and have at most 40 lower case"
            " letters, digits and '-', because children add a suffix: choose a shorter"
            " or plainer name",
        ),
    )

    api_version: Literal["tracerml.ai/v1alpha1"] = "tracerml.ai/v1alpha1"
    """Group and version."""
    kind: Literal["TracerRouter"] = "TracerRouter"
    """Kind."""
    metadata: ObjectMeta
    """Name and identity."""
    spec: TracerRouterSpec
    """What is asked for."""
    status: TracerRouterStatus = TracerRouterStatus()
    """What the operator saw and did last."""
