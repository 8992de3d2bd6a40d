"""Executes a plan in order, and writes only what live objects do not contain yet."""

import asyncio

from tracer_core.errors import NotFound, RetryLater, SpecError
from tracer_router.api import Reason
from tracer_router.cluster.diff import contains, controlled_by
from tracer_router.cluster.interfaces import ClusterClient, PodClient
from tracer_router.planning.state.observed import Observed
from tracer_router.planning.state.plan import Plan
from tracer_router.resources.manifest import Manifest, ObjectKey
from tracer_router.resources.policy_configmap import build_policy_map
from tracer_router.resources.revision import build_revision

__all__ = ["execute"]


async def execute(
    cluster: ClusterClient, pods: PodClient, observed: Observed, plan: Plan
) -> None:
    """Apply the plan to the cluster, except the statuses.

    Raises:
        SpecError: A name that the router needs belongs to another object, or the
            cluster does not serve the Gateway API.
        RetryLater: A deleted router of the same name still owns an object.
        ClusterError: The API server rejected a request or failed.
    """
    for revision in plan.create:
        await _apply(cluster, observed, build_revision(observed.router, revision))
    if plan.policy is not None and plan.policy != observed.policy:
        manifest = build_policy_map(observed.router, plan.policy)
        await _apply(cluster, observed, manifest)
        addresses = [pod.address for pod in observed.pods if pod.address]
        await asyncio.gather(
            *(pods.push(address, plan.policy) for address in addresses)
        )
    for manifest in plan.apply:
        await _apply(cluster, observed, manifest)
    for key in plan.delete:
        await cluster.delete(observed.router.metadata.namespace, key)


async def _apply(
    cluster: ClusterClient, observed: Observed, manifest: Manifest
) -> None:
    key = ObjectKey.from_manifest(manifest)
    live = observed.children.get(key)
    if live is None:
        live = await cluster.get(observed.router.metadata.namespace, key)
        if live is not None:
            _refuse_foreign(observed, key, live)
    if live is None or not contains(live, manifest):
        await _write(cluster, manifest)


async def _write(cluster: ClusterClient, manifest: Manifest) -> None:
    try:
        await cluster.apply(manifest)
    except NotFound as error:
        if manifest["kind"] != "HTTPRoute":
            raise
        raise SpecError(
            "the cluster does not serve HTTPRoute; install the Gateway API, or remove "
            "spec.traffic.gateway",
            Reason.GATEWAY_API_MISSING,
        ) from error


def _refuse_foreign(observed: Observed, key: ObjectKey, live: Manifest) -> None:
    if controlled_by(live, observed.router.metadata.uid):
        return
    owners = live["metadata"].get("ownerReferences", [])
    if any(owner.get("uid") and owner["kind"] == "TracerRouter" for owner in owners):
        raise RetryLater(
            f"{key.kind} {key.name} still belongs to a deleted router of this name; "
            "waiting for its garbage collection"
        )
    raise SpecError(
        f"{key.kind} {key.name} exists and does not belong to this router; rename "
        "the router, or delete that object",
        Reason.NAME_TAKEN,
    )
