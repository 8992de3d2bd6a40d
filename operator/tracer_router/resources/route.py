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

_WHOLE = 100


def build_front_service(router: TracerRouter, stable: int) -> Manifest:
    """Build Service NAME: always there, always the stable pods."""
    spec = {
        "selector": selector(router, COMPONENT, stable),
        "ports": [{"name": "http", "port": 80, "targetPort": "http"}],
    }
    marks = labels(router, "front")
    return child(router, ("v1", "Service"), router.metadata.name, marks, spec=spec)


def build_route(
    router: TracerRouter, stable: int, candidate: int | None, weight: int
) -> Manifest:
    """Build the HTTPRoute whose weights are the traffic split.

    Every default of the schema is stated, so that a GitOps diff stays empty. The
    request timeout is off: the default of Envoy's cuts answers and streams at 15 s.
    """
    traffic = router.spec.traffic
    gateway = traffic.gateway
    if gateway is None:
        raise ValueError("a route needs spec.traffic.gateway")
    parent = {
        "group": "gateway.networking.k8s.io",
        "kind": "Gateway",
        "name": gateway.name,
        "namespace": gateway.namespace or router.metadata.namespace,
    }
    if gateway.section_name:
        parent["sectionName"] = gateway.section_name
    backends = [_backend(router, stable, _WHOLE - weight)]
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
    marks = labels(router, "route")
    return child(router, coordinates, router.metadata.name, marks, spec=spec)


def _backend(router: TracerRouter, revision: int, weight: int) -> dict[str, Any]:
    return {
        "group": "",
        "kind": "Service",
        "name": revision_name(router, revision),
        "port": 80,
        "weight": weight,
    }
