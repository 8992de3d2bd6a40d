"""The state of data-plane pods, from their manifests and their own reports."""

import asyncio
from collections.abc import Iterable
from decimal import Decimal

from tracer_core.contracts.policy import PolicyDocument
from tracer_router.cluster.interfaces import PodClient
from tracer_router.cluster.labels import read_component, read_revision_number
from tracer_router.cluster.quantity import parse_quantity
from tracer_router.cluster.start_errors import find_start_error
from tracer_router.planning.state.observed import PodState
from tracer_router.resources.data_plane import COMPONENT
from tracer_router.resources.manifest import Manifest
from tracer_router.savings.pods import ReservedResources

__all__ = ["poll_pods"]

_GIB = 2.0**30
_MAX_CONCURRENT_POLLS = 32
"""Pods of one router that are polled at the same time."""


async def poll_pods(
    client: PodClient, manifests: Iterable[Manifest], policy: PolicyDocument | None
) -> tuple[PodState, ...]:
    """Push the policy to every data-plane pod, and return the states of the pods.

    Args:
        client: The client of the internal port of the pods.
        manifests: The manifests of all pods of the router.
        policy: The present policy document; None before the first one.
    """
    limit = asyncio.Semaphore(_MAX_CONCURRENT_POLLS)

    async def poll(manifest: Manifest) -> PodState:
        async with limit:
            return await _poll_pod(client, manifest, policy)

    states = await asyncio.gather(
        *(poll(pod) for pod in manifests if read_component(pod) == COMPONENT)
    )
    return tuple(sorted(states, key=lambda state: (state.revision, state.name)))


async def _poll_pod(
    client: PodClient, manifest: Manifest, policy: PolicyDocument | None
) -> PodState:
    status = manifest.get("status", {})
    address = status.get("podIP") if status.get("phase") == "Running" else None
    document = policy or PolicyDocument(generation=0)
    evidence = await client.push(address, document) if address else None
    conditions = {
        condition["type"]: condition["status"]
        for condition in status.get("conditions", [])
    }
    terminating = "deletionTimestamp" in manifest["metadata"]
    return PodState(
        name=manifest["metadata"]["name"],
        revision=read_revision_number(manifest),
        ready=conditions.get("Ready") == "True" and not terminating,
        address=address,
        evidence=evidence,
        start_error=find_start_error(status),
        reserved=_reserved(manifest),
        terminating=terminating,
    )


def _reserved(manifest: Manifest) -> ReservedResources:
    containers = manifest.get("spec", {}).get("containers", [])
    requests = [found.get("resources", {}).get("requests", {}) for found in containers]
    cores = sum(parse_quantity(str(found.get("cpu", "0"))) or 0.0 for found in requests)
    memory = sum(
        parse_quantity(str(found.get("memory", "0"))) or 0.0 for found in requests
    )
    return ReservedResources(Decimal(str(cores)), Decimal(str(memory / _GIB)))
