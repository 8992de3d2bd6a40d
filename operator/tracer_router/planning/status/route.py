"""The condition `TrafficProgrammed`: whether the Gateway accepted the route."""

from collections.abc import Mapping

from tracer_router.api import ConditionStatus, ConditionType, Reason, TracerRouter
from tracer_router.planning.status.condition_state import ConditionState
from tracer_router.resources.manifest import Manifest, ObjectKey

__all__ = ["assess_route", "is_route_accepted"]

_REQUIRED = {"Accepted", "ResolvedRefs"}


def assess_route(
    router: TracerRouter, children: Mapping[ObjectKey, Manifest]
) -> ConditionState:
    """Return whether the route of a router is programmed."""
    kind, gateway = ConditionType.TRAFFIC_PROGRAMMED, router.spec.traffic.gateway
    if gateway is None:
        message = f"Service {router.metadata.name} receives the traffic"
        return ConditionState(kind, ConditionStatus.TRUE, Reason.NO_GATEWAY, message)
    route = children.get(ObjectKey("HTTPRoute", router.metadata.name))
    if route is not None and is_route_accepted(route):
        message = f"Gateway {gateway.name} accepted the route"
        return ConditionState(
            kind, ConditionStatus.TRUE, Reason.ROUTE_ACCEPTED, message
        )
    message = "the route is being created"
    if route is not None:
        cause = _refusal(route)
        message = f"Gateway {gateway.name} has not accepted the route: {cause}"
    return ConditionState(kind, ConditionStatus.UNKNOWN, Reason.ROUTE_PENDING, message)


def is_route_accepted(route: Manifest) -> bool:
    """Return whether every Gateway accepted the present generation of the route."""
    parents = route.get("status", {}).get("parents", [])
    generation = route["metadata"].get("generation")
    for parent in parents:
        true = {
            condition["type"]
            for condition in parent.get("conditions", [])
            if condition["status"] == "True"
            and condition.get("observedGeneration") == generation
        }
        if not true >= _REQUIRED:
            return False
    return bool(parents)


def _refusal(route: Manifest) -> str:
    for parent in route.get("status", {}).get("parents", []):
        for condition in parent.get("conditions", []):
            if condition["status"] == "False":
                return str(condition.get("message") or condition["reason"])
    return "no Gateway controller has reported a status yet"
