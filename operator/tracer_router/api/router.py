"""The TracerRouter, the kind that users create."""

from typing import ClassVar, Literal

from tracer_router.api.base.kind import Column, Kind
from tracer_router.api.base.meta import ObjectMeta
from tracer_router.api.base.model import ApiModel, Rule
from tracer_router.api.spec.router_spec import TracerRouterSpec
from tracer_router.api.status.router_status import TracerRouterStatus

__all__ = ["TracerRouter"]


class TracerRouter(ApiModel):
    """Routes requests to a teacher, and moves certified traffic to a surrogate.

    A TracerRouter records the answers of the teacher, trains a surrogate on them, and
    certifies how often it agrees with the teacher. The surrogate then answers its part
    of the traffic, step by step and with audits. The teacher answers all other
    requests, and all requests after a failure. Only `spec.teacher.url` and
    `spec.parity.target` are required.
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
            "metadata.name must start with a letter and contain at most 40 lowercase"
            " letters, digits, and '-', because child objects add a suffix to the name;"
            " choose a different name, for example tickets",
        ),
    )

    api_version: Literal["tracerml.ai/v1alpha1"] = "tracerml.ai/v1alpha1"
    """API group and version."""
    kind: Literal["TracerRouter"] = "TracerRouter"
    """Kind of the object."""
    metadata: ObjectMeta
    """Metadata of the object."""
    spec: TracerRouterSpec
    """Desired state of the router."""
    status: TracerRouterStatus = TracerRouterStatus()
    """State of the router that the operator observed last."""
