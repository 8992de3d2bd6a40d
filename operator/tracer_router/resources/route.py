"""The traffic split: Service NAME inside the cluster, HTTPRoute for a Gateway."""

from typing import Any

from tracer_router.api import TracerRouter
from tracer_router.resources.data_plane import COMPONENT
from tracer_router.resources.manifest import (
    Manifest,
    child,
    labels,
    revision_name,
    selector,
)

__all__ = ["build_front_service", "build_route"]

_FULL_WEIGHT = 100


def build_front_service(router: TracerRouter, stable: int) -> Manifest:
    """Return Service NAME, which always selects the pods of the stable revision."""
    spec = {
        "selector": selector(router, COMPONENT, stable),
        "ports": [{"name": "http", "port": 80, "targetPort": "http"}],
    }
    object_labels = labels(router, "front")
    return child(
        router, ("v1", "Service"), router.metadata.name, object_labels, spec=spec
    )


def build_route(
    router: TracerRouter, stable: int, candidate: int | None, weight: int
) -> Manifest:
    """Return the HTTPRoute with the traffic split as weights.

    It contains all defaults of the schema, so that a GitOps diff is empty. The request
    timeout is disabled, because the default of Envoy ends answers and streams after
    15 s.

    Args:
        router: The router.
        stable: Number of the stable revision.
        candidate: Number of the candidate; None if there is none.
        weight: Weight of the candidate in percent.

    Raises:
        ValueError: The router has no gateway.
    """
    traffic = router.spec.traffic
    gateway = traffic.gateway
    if gateway is None:
        raise ValueError("spec.traffic.gateway is required for an HTTPRoute")
    parent = {
        "group": "gateway.networking.k8s.io",
        "kind": "Gateway",
        "name": gateway.name,
        "namespace": gateway.namespace or router.metadata.namespace,
    }
    if gateway.section_name:
        parent["sectionName"] = gateway.section_name
    backends = [_backend(router, stable, _FULL_WEIGHT - weight)]
    if candidate is not None:
        backends.append(_backend(router, candidate, weight))
    rule = {
        "matches": [{"path": {"type": "PathPrefix", "value": traffic.path_prefix}}],
        "timeouts": {"request": "0s"},
        "backendRefs": backends,
    }
    spec: dict[str, Any] = {"parentRefs": [parent], "rules": [rule]}
    if traffic.hostnames:
        spec["hostnames"] = list(traffic.hostnames)
    coordinates = ("gateway.networking.k8s.io/v1", "HTTPRoute")
    object_labels = labels(router, "route")
    return child(router, coordinates, router.metadata.name, object_labels, spec=spec)


def _backend(router: TracerRouter, revision: int, weight: int) -> dict[str, Any]:
    return {
        "group": "",
        "kind": "Service",
        "name": revision_name(router, revision),
        "port": 80,
        "weight": weight,
    }
