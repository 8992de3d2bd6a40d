"""Deployment, Service and disruption budget of the pods of one revision."""

import json
from dataclasses import dataclass
from typing import Any

from tracer_core.constants import INTERNAL_PORT, TRAFFIC_PORT
from tracer_core.contracts import runtime
from tracer_router.api import Embedder, TracerRouter
from tracer_router.resources.access import access_parts, limit_values, spending_values
from tracer_router.resources.embedder import serving_embedder
from tracer_router.resources.installation import Installation
from tracer_router.resources.manifest import (
    Manifest,
    child,
    labels,
    revision_name,
    selector,
)
from tracer_router.resources.pod import (
    CONTAINER_SECURITY,
    POD_SECURITY,
    PodParts,
    environment,
    resources_of,
    store_parts,
)
from tracer_router.resources.redaction import redaction_values
from tracer_router.resources.teacher import teacher_parts

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
_POLICY = "/var/run/tracer/policy"
_SPOOL = "/var/spool/tracer"
_GRACE_SECONDS = 120
"""Longer than requests in flight, the last flush and the last evidence poll."""


@dataclass(frozen=True, slots=True)
class Served:
    """What a revision's pods are started with."""

    revision: int
    image: str
    bundle: str | None = None
    bento: str | None = None
    bento_key: str | None = None
    embedder: Embedder | None = None


def policy_name(router: TracerRouter) -> str:
    """Name the ConfigMap of the policy document."""
    return f"{router.metadata.name}-policy"


def build_service(router: TracerRouter, revision: int) -> Manifest:
    """Build the Service that the route weighs."""
    spec = {
        "selector": selector(router, COMPONENT, revision),
        "ports": [{"name": "http", "port": 80, "targetPort": "http"}],
    }
    name = revision_name(router, revision)
    marks = labels(router, COMPONENT, revision)
    return child(router, ("v1", "Service"), name, marks, spec=spec)


def service_url(router: TracerRouter, revision: int) -> str:
    """Give the URL at which pods of the cluster reach those of a revision."""
    return f"http://{revision_name(router, revision)}.{router.metadata.namespace}.svc"


def build_disruption_budget(router: TracerRouter, revision: int) -> Manifest:
    """Build the budget that keeps one pod through a drain."""
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
    """Build the pods of a revision; they differ only in image and bundle."""
    match = selector(router, COMPONENT, served.revision)
    marks = labels(router, COMPONENT, served.revision)
    template = {
        "metadata": {"labels": marks},
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
    return child(router, ("apps/v1", "Deployment"), name, marks, spec=spec)


def _pod(
    router: TracerRouter, served: Served, installation: Installation
) -> dict[str, Any]:
    mounted = (
        store_parts(router, installation),
        teacher_parts(router),
        access_parts(router),
        serving_embedder(router, served.embedder),
        _span_parts(router, served, installation),
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
            _container(router, served, mounted)
            | resources_of(router.spec.resources, installation.resources)
        ],
        "volumes": [
            {"name": "policy", "configMap": {"name": policy_name(router)}},
            {"name": "spool", "emptyDir": {"sizeLimit": "1Gi"}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}},
            *(volume for each in mounted for volume in each.volumes),
        ],
    }


def _span_parts(
    router: TracerRouter, served: Served, installation: Installation
) -> PodParts:
    if installation.spans is None:
        return PodParts({})
    about = {
        "service.namespace": router.metadata.namespace,
        "service.version": f"r{served.revision}",
    }
    return PodParts(
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": installation.spans,
            "OTEL_SERVICE_NAME": router.metadata.name,
            "OTEL_RESOURCE_ATTRIBUTES": ",".join(f"{k}={v}" for k, v in about.items()),
        }
    )


def _container(
    router: TracerRouter, served: Served, mounted: tuple[PodParts, ...]
) -> dict[str, Any]:
    values = _own_values(router, served)
    for each in mounted:
        values |= each.values
    pod_name = {"fieldRef": {"fieldPath": "metadata.name"}}
    return {
        "name": "router",
        "image": served.image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-m", "tracer_bentos.serving"],
        "env": [
            *environment(values),
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
            {"name": "policy", "mountPath": _POLICY, "readOnly": True},
            {"name": "spool", "mountPath": _SPOOL},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - the pod's own volume
            *(mount for each in mounted for mount in each.mounts),
        ],
    }


def _own_values(router: TracerRouter, served: Served) -> dict[str, str]:
    optional = {
        runtime.BUNDLE_DIGEST: served.bundle,
        runtime.BENTO_DIGEST: served.bento,
        runtime.BENTO_KEY: served.bento_key,
    }
    return {
        runtime.REVISION: str(served.revision),
        runtime.POLICY_FILE: f"{_POLICY}/policy.json",
        runtime.SPOOL: _SPOOL,
        runtime.TASK_HEADER: router.spec.tasks.header,
        runtime.TASKS_IGNORE: json.dumps(sorted(router.spec.tasks.ignore)),
        runtime.TASKS_LIMIT: str(router.spec.tasks.limit),
        runtime.SESSION_HEADER: router.spec.tasks.session.header,
        **limit_values(router.spec.limits),
        **redaction_values(router),
        **spending_values(router),
        **{name: value for name, value in optional.items() if value},
    }


def _probe(path: str, period: int) -> dict[str, Any]:
    get = {"path": path, "port": "internal"}
    return {"httpGet": get, "periodSeconds": period, "timeoutSeconds": 5}
