"""Reads all objects of one router into an immutable snapshot."""

import asyncio
from collections.abc import Iterable

from tracer_core.contracts.policy import PolicyDocument
from tracer_router.api import TracerRouter
from tracer_router.cluster.diff import controlled_by
from tracer_router.cluster.interfaces import ClusterClient, PodClient
from tracer_router.cluster.job_state import read_jobs
from tracer_router.cluster.parse import parse_revision
from tracer_router.cluster.pod_state import poll_pods
from tracer_router.planning.state.observed import Observed
from tracer_router.resources.data_plane import policy_name
from tracer_router.resources.manifest import ROUTER_LABEL, Manifest, ObjectKey

__all__ = ["CHILD_KINDS", "observe"]

CHILD_KINDS = (
    "ConfigMap",
    "CronJob",
    "Deployment",
    "HTTPRoute",
    "Job",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "Service",
    "ServiceAccount",
)
"""Kinds of the objects that a router controls, apart from its revisions."""


async def observe(
    cluster: ClusterClient, pods: PodClient, router: TracerRouter
) -> Observed:
    """Return the children, the revisions, and the pods with their reports.

    Raises:
        SpecError: A revision cannot be parsed by this version of the operator.
        ClusterError: The API server rejected a request or failed.
    """
    namespace, labels = router.metadata.namespace, {ROUTER_LABEL: router.metadata.name}
    kinds = (*CHILD_KINDS, "Pod", "TracerRevision")
    lists = await asyncio.gather(
        *(cluster.list(namespace, kind, labels) for kind in kinds)
    )
    listed = dict(zip(kinds, lists, strict=True))
    children = _controlled(
        router, (item for kind in CHILD_KINDS for item in listed[kind])
    )
    policy = _parse_policy(children.get(ObjectKey("ConfigMap", policy_name(router))))
    revisions = [
        parse_revision(manifest)
        for manifest in _controlled(router, listed["TracerRevision"]).values()
    ]
    return Observed(
        router=router,
        revisions=tuple(sorted(revisions, key=lambda found: found.spec.revision)),
        jobs=read_jobs(listed["Job"], listed["Pod"]),
        pods=await poll_pods(pods, listed["Pod"], policy),
        policy=policy,
        children=children,
    )


def _controlled(
    router: TracerRouter, manifests: Iterable[Manifest]
) -> dict[ObjectKey, Manifest]:
    return {
        ObjectKey.from_manifest(manifest): manifest
        for manifest in manifests
        if controlled_by(manifest, router.metadata.uid)
    }


def _parse_policy(manifest: Manifest | None) -> PolicyDocument | None:
    if manifest is None:
        return None
    return PolicyDocument.from_json(manifest["data"]["policy.json"])
