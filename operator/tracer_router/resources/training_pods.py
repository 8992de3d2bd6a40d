"""An attempt on many pods: one Indexed Job, how they meet, and who else may come.

Index 0 runs Dask's scheduler and drives, every other index is a worker. Dask's protocol
is to run what one is sent and knows no password: whoever reaches a port of these pods
runs code beside the keys to the store. So they take connections from each other only,
where the cluster's network enforces NetworkPolicies.
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
    "over_pods",
    "scheduler_address",
    "training_name",
]

COMPONENT = "training"
_REPLACEMENTS = 3


def training_name(router: TracerRouter, attempt: int) -> str:
    """Name the Job of an attempt and what belongs to it."""
    return f"{revision_name(router, attempt)}-training"


def scheduler_address(router: TracerRouter, attempt: int) -> str:
    """Give where workers find index 0; a Job names its pods by index."""
    name = training_name(router, attempt)
    host = f"{name}-0.{name}.{router.metadata.namespace}.svc"
    return f"tcp://{host}:{SCHEDULER_PORT}"


def build_scheduler_service(router: TracerRouter, attempt: int) -> Manifest:
    """Build the headless Service that gives the pods their host names."""
    spec = {
        "clusterIP": "None",
        # Nothing probes these pods: they are found as soon as they have an address.
        "publishNotReadyAddresses": True,
        "selector": selector(router, COMPONENT, attempt),
        "ports": [{"name": "scheduler", "port": SCHEDULER_PORT}],
    }
    name, marks = training_name(router, attempt), labels(router, COMPONENT, attempt)
    return child(router, ("v1", "Service"), name, marks, spec=spec)


def build_network_policy(router: TracerRouter, attempt: int) -> Manifest:
    """Build the policy that lets nobody but the attempt's own pods in, at any port."""
    mine = {"matchLabels": selector(router, COMPONENT, attempt)}
    spec = {
        "podSelector": mine,
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [{"podSelector": mine}]}],
    }
    name, marks = training_name(router, attempt), labels(router, COMPONENT, attempt)
    kind = ("networking.k8s.io/v1", "NetworkPolicy")
    return child(router, kind, name, marks, spec=spec)


def over_pods(
    router: TracerRouter, attempt: int, workers: int, pod: dict[str, Any]
) -> dict[str, Any]:
    """Give what makes a Job of index 0 and so many workers of one kind of pod.

    A pod that fails is replaced, three times at most for each index; one that its node
    gave up is replaced whatever the count. An index that fails once more ends the Job:
    workers would wait for a driver that never comes. Index 0 decides when all is done;
    workers that are left are removed.
    """
    marks = labels(router, COMPONENT, attempt)
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": selector(router, COMPONENT, attempt)},
    }
    whole = {
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
        "template": {"metadata": {"labels": marks}, "spec": whole},
    }
