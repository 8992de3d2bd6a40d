"""Deployment, Service, and disruption budget of the pods of one revision."""

from typing import Any

from tracer_core.constants import INTERNAL_PORT, TRAFFIC_PORT
from tracer_core.contracts import runtime
from tracer_router.api import TracerRouter
from tracer_router.resources.installation import Installation
from tracer_router.resources.manifest import (
    Manifest,
    child,
    labels,
    revision_name,
    selector,
)
from tracer_router.resources.pod import paths
from tracer_router.resources.pod.access import access_parts
from tracer_router.resources.pod.embedder import serving_embedder
from tracer_router.resources.pod.parts import (
    CONTAINER_SECURITY,
    POD_SECURITY,
    PodParts,
    container_resources,
    environment,
)
from tracer_router.resources.pod.store import store_parts
from tracer_router.resources.pod.teacher import teacher_parts
from tracer_router.resources.runtime_config import build_serving_config
from tracer_router.resources.served import Served

__all__ = [
    "COMPONENT",
    "Served",
    "build_deployment",
    "build_disruption_budget",
    "build_service",
    "policy_name",
    "service_url",
]

COMPONENT = "data-plane"
_GRACE_SECONDS = 120
"""Longer than requests in flight, the last upload, and the last evidence poll."""


def policy_name(router: TracerRouter) -> str:
    """Return the name of the ConfigMap with the policy document."""
    return f"{router.metadata.name}-policy"


def build_service(router: TracerRouter, revision: int) -> Manifest:
    """Return the Service that the route assigns a weight to."""
    spec = {
        "selector": selector(router, COMPONENT, revision),
        "ports": [{"name": "http", "port": 80, "targetPort": "http"}],
    }
    name = revision_name(router, revision)
    object_labels = labels(router, COMPONENT, revision)
    return child(router, ("v1", "Service"), name, object_labels, spec=spec)


def service_url(router: TracerRouter, revision: int) -> str:
    """Return the URL of a revision inside the cluster."""
    return f"http://{revision_name(router, revision)}.{router.metadata.namespace}.svc"


def build_disruption_budget(router: TracerRouter, revision: int) -> Manifest:
    """Return the disruption budget: a drain evicts one pod at a time."""
    match = {"matchLabels": selector(router, COMPONENT, revision)}
    return child(
        router,
        ("policy/v1", "PodDisruptionBudget"),
        revision_name(router, revision),
        labels(router, COMPONENT, revision),
        spec={"maxUnavailable": 1, "selector": match},
    )


def build_deployment(
    router: TracerRouter, served: Served, installation: Installation
) -> Manifest:
    """Return the Deployment; revisions differ only in image, bundle, and encoder."""
    match = selector(router, COMPONENT, served.revision)
    object_labels = labels(router, COMPONENT, served.revision)
    template = {
        "metadata": {"labels": object_labels},
        "spec": _pod(router, served, installation),
    }
    spec = {
        "replicas": router.spec.replicas,
        "selector": {"matchLabels": match},
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
        },
        "template": template,
    }
    name = revision_name(router, served.revision)
    return child(router, ("apps/v1", "Deployment"), name, object_labels, spec=spec)


def _pod(
    router: TracerRouter, served: Served, installation: Installation
) -> dict[str, Any]:
    parts = (
        store_parts(router, installation)
        + teacher_parts(router)
        + access_parts(router)
        + serving_embedder(router, served.embedder)
        + _span_parts(router, served, installation)
    )
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": selector(router, COMPONENT, served.revision)},
    }
    return {
        "serviceAccountName": router.metadata.name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": POD_SECURITY,
        "terminationGracePeriodSeconds": _GRACE_SECONDS,
        "topologySpreadConstraints": [spread],
        "containers": [
            _container(router, served, installation, parts)
            | container_resources(router.spec.resources, installation.resources)
        ],
        "volumes": [
            {"name": "policy", "configMap": {"name": policy_name(router)}},
            {"name": "spool", "emptyDir": {"sizeLimit": "1Gi"}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}},
            *parts.volumes,
        ],
    }


def _span_parts(
    router: TracerRouter, served: Served, installation: Installation
) -> PodParts:
    if installation.spans is None:
        return PodParts()
    attributes = {
        "service.namespace": router.metadata.namespace,
        "service.version": f"r{served.revision}",
    }
    return PodParts(
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": installation.spans,
            "OTEL_SERVICE_NAME": router.metadata.name,
            "OTEL_RESOURCE_ATTRIBUTES": ",".join(
                f"{name}={value}" for name, value in attributes.items()
            ),
        }
    )


def _container(
    router: TracerRouter, served: Served, installation: Installation, parts: PodParts
) -> dict[str, Any]:
    config = build_serving_config(router, served, installation)
    values = {
        runtime.POLICY_FILE: f"{paths.POLICY}/policy.json",
        runtime.SPOOL: paths.SPOOL,
        **parts.values,
    }
    pod_name = {"fieldRef": {"fieldPath": "metadata.name"}}
    return {
        "name": "router",
        "image": served.image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-m", "tracer_bentos.serving"],
        "env": [
            *environment(config, values),
            {"name": runtime.POD_NAME, "valueFrom": pod_name},
        ],
        "ports": [
            {"name": "http", "containerPort": TRAFFIC_PORT},
            {"name": "internal", "containerPort": INTERNAL_PORT},
        ],
        "readinessProbe": _probe("/readyz", period=2),
        "livenessProbe": {**_probe("/healthz", period=10), "failureThreshold": 6},
        "startupProbe": {**_probe("/healthz", period=1), "failureThreshold": 120},
        "securityContext": CONTAINER_SECURITY,
        "volumeMounts": [
            {"name": "policy", "mountPath": paths.POLICY, "readOnly": True},
            {"name": "spool", "mountPath": paths.SPOOL},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - the pod's own volume
            *parts.mounts,
        ],
    }


def _probe(path: str, period: int) -> dict[str, Any]:
    get = {"path": path, "port": "internal"}
    return {"httpGet": get, "periodSeconds": period, "timeoutSeconds": 5}
