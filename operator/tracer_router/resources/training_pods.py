"""A distributed attempt: one Indexed Job, its Service, and its NetworkPolicy.

Index 0 runs the Dask scheduler and the driver; all other indexes are workers. The
protocol of Dask executes code that it receives and has no authentication: anyone who
can reach a port of these pods can run code next to the store credentials. A
NetworkPolicy therefore allows connections between these pods only, if the network of
the cluster enforces NetworkPolicies.
"""

from typing import Any

from tracer_core.constants import SCHEDULER_PORT
from tracer_router.api import TracerRouter
from tracer_router.resources.manifest import (
    Manifest,
    child,
    labels,
    revision_name,
    selector,
)

__all__ = [
    "COMPONENT",
    "build_network_policy",
    "build_scheduler_service",
    "indexed_job_spec",
    "scheduler_address",
    "training_name",
]

COMPONENT = "training"
_REPLACEMENTS = 3


def training_name(router: TracerRouter, attempt: int) -> str:
    """Return the name of the Job of an attempt and of the objects for it."""
    return f"{revision_name(router, attempt)}-training"


def scheduler_address(router: TracerRouter, attempt: int) -> str:
    """Return the address of index 0; a Job names its pods by index."""
    name = training_name(router, attempt)
    host = f"{name}-0.{name}.{router.metadata.namespace}.svc"
    return f"tcp://{host}:{SCHEDULER_PORT}"


def build_scheduler_service(router: TracerRouter, attempt: int) -> Manifest:
    """Return the headless Service that defines the host names of the pods."""
    spec = {
        "clusterIP": "None",
        # These pods have no probes: publish them as soon as they have an address.
        "publishNotReadyAddresses": True,
        "selector": selector(router, COMPONENT, attempt),
        "ports": [{"name": "scheduler", "port": SCHEDULER_PORT}],
    }
    name, object_labels = (
        training_name(router, attempt),
        labels(router, COMPONENT, attempt),
    )
    return child(router, ("v1", "Service"), name, object_labels, spec=spec)


def build_network_policy(router: TracerRouter, attempt: int) -> Manifest:
    """Return the policy that allows only connections between pods of the attempt."""
    pods = {"matchLabels": selector(router, COMPONENT, attempt)}
    spec = {
        "podSelector": pods,
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [{"podSelector": pods}]}],
    }
    name, object_labels = (
        training_name(router, attempt),
        labels(router, COMPONENT, attempt),
    )
    kind = ("networking.k8s.io/v1", "NetworkPolicy")
    return child(router, kind, name, object_labels, spec=spec)


def indexed_job_spec(
    router: TracerRouter, attempt: int, workers: int, pod: dict[str, Any]
) -> dict[str, Any]:
    """Return the spec of an Indexed Job with a driver and a number of workers.

    A failed pod is replaced, at most three times for each index; a pod that its node
    evicted is replaced independently of this number. Another failure of an index ends
    the Job, because the other pods would wait for it forever. The Job succeeds when
    index 0 succeeds, and the remaining workers are deleted.

    Args:
        router: The router.
        attempt: Number of the revision.
        workers: Number of workers in addition to the driver.
        pod: Spec of each pod.
    """
    object_labels = labels(router, COMPONENT, attempt)
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": selector(router, COMPONENT, attempt)},
    }
    pod_spec = {
        **pod,
        "subdomain": training_name(router, attempt),
        "topologySpreadConstraints": [spread],
    }
    disrupted = {"type": "DisruptionTarget", "status": "True"}
    return {
        "completionMode": "Indexed",
        "completions": workers + 1,
        "parallelism": workers + 1,
        "backoffLimitPerIndex": _REPLACEMENTS,
        "maxFailedIndexes": 0,
        "podFailurePolicy": {
            "rules": [{"action": "Ignore", "onPodConditions": [disrupted]}]
        },
        "successPolicy": {"rules": [{"succeededIndexes": "0"}]},
        "template": {"metadata": {"labels": object_labels}, "spec": pod_spec},
    }
