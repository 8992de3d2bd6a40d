"""Reads everything that belongs to one router into a frozen picture."""

import asyncio
from dataclasses import replace
from decimal import Decimal

from pydantic import ValidationError

from tracer_core.contracts.policy import PolicyDocument
from tracer_core.contracts.training import TrainingSummary
from tracer_core.errors import DocumentError, SpecError
from tracer_router.api import (
    ObjectMeta,
    Reason,
    TracerRevision,
    TracerRouter,
    TracerRouterStatus,
)
from tracer_router.cluster.diff import amount, controlled_by
from tracer_router.cluster.interfaces import ClusterClient, PodClient
from tracer_router.planning.state.observed import JobState, Observed, PodState
from tracer_router.resources.data_plane import COMPONENT as DATA_PLANE
from tracer_router.resources.data_plane import policy_name
from tracer_router.resources.manifest import (
    REVISION_LABEL,
    ROUTER_LABEL,
    Manifest,
    ObjectKey,
)
from tracer_router.resources.training_job import COMPONENT as TRAINING
from tracer_router.savings.pods import ReservedResources

__all__ = ["CHILD_KINDS", "observe", "read_router", "read_status"]

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
"""Kinds of objects that a router controls, beside its revisions."""

_GIB = 2.0**30
_POLLS_AT_ONCE = 32
"""Pods of one router that are asked at the same time."""
_OURS = "attempt failed: "
"""Before the cause, in the last line of a pod's log."""
_MAX_MESSAGE_CHARACTERS = 400
_COMPONENT = "app.kubernetes.io/component"
_INDEX = "batch.kubernetes.io/job-completion-index"
"""Annotation of the pods of an Indexed Job; others have none."""


def read_router(manifest: Manifest) -> TracerRouter:
    """Parse a router from its manifest.

    Raises:
        SpecError: A field is unknown to this version of the operator, or invalid.
    """
    try:
        return TracerRouter.model_validate(manifest)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SpecError(
            f"{where}: {first['msg']}; correct the field, or install the version of "
            "the operator that matches the CRD",
            Reason.INVALID_SPEC,
        ) from None


def read_status(manifest: Manifest) -> tuple[ObjectMeta, TracerRouterStatus]:
    """Parse the metadata and the status of a router whose spec cannot be parsed.

    Raises:
        DocumentError: They cannot be parsed either, so no status can be written.
    """
    try:
        return (
            ObjectMeta.model_validate(manifest["metadata"]),
            TracerRouterStatus.model_validate(manifest.get("status", {})),
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DocumentError(f"status: {where}: {first['msg']}") from None


async def observe(
    cluster: ClusterClient, pods: PodClient, router: TracerRouter
) -> Observed:
    """Read the children, the revisions, the pods and what the pods report."""
    namespace, labels = router.metadata.namespace, _labels(router)
    kinds = (*CHILD_KINDS, "Pod", "TracerRevision")
    lists = await asyncio.gather(
        *(cluster.list(namespace, kind, labels) for kind in kinds)
    )
    found = dict(zip(kinds, lists, strict=True))
    children = _controlled(
        router, [item for kind in CHILD_KINDS for item in found[kind]]
    )
    policy = _policy(children.get(ObjectKey("ConfigMap", policy_name(router))))
    revisions = _controlled(router, found["TracerRevision"]).values()
    parsed = [TracerRevision.model_validate(item) for item in revisions]
    return Observed(
        router=router,
        revisions=tuple(sorted(parsed, key=lambda each: each.spec.revision)),
        jobs=_jobs(found["Job"], found["Pod"]),
        pods=await _pods(pods, found["Pod"], policy),
        policy=policy,
        children=children,
    )


def _labels(router: TracerRouter) -> dict[str, str]:
    return {ROUTER_LABEL: router.metadata.name}


def _controlled(
    router: TracerRouter, manifests: list[Manifest]
) -> dict[ObjectKey, Manifest]:
    uid = router.metadata.uid
    return {
        ObjectKey.from_manifest(each): each
        for each in manifests
        if controlled_by(each, uid)
    }


def _policy(manifest: Manifest | None) -> PolicyDocument | None:
    if manifest is None:
        return None
    return PolicyDocument.from_json(manifest["data"]["policy.json"])


def _number(manifest: Manifest) -> int:
    return int(manifest["metadata"]["labels"].get(REVISION_LABEL, -1))


def _jobs(jobs: list[Manifest], pods: list[Manifest]) -> dict[int, JobState]:
    # Of an attempt on many pods, index 0 has the result; workers only end well.
    summaries = {
        _number(pod): _summary(pod) for pod in pods if _succeeded(pod) and _leads(pod)
    }
    words, troubles = _termination_messages(pods), _pod_errors(pods)
    return {
        number: replace(
            _job(job, summaries.get(number), words.get(number)),
            trouble=troubles.get(number),
        )
        for number, job in ((_number(job), job) for job in jobs)
    }


def _pod_errors(pods: list[Manifest]) -> dict[int, str]:
    """Give why pods of attempts do not start: a claim or a node is missing."""
    waiting = [
        pod
        for pod in pods
        if _trains(pod) and pod.get("status", {}).get("phase") == "Pending"
    ]
    found = ((_number(pod), _pod_error(pod["status"])) for pod in waiting)
    return {number: trouble for number, trouble in found if trouble}


def _termination_messages(pods: list[Manifest]) -> dict[int, str]:
    """Give why the pod of each attempt failed that failed last: the Job only counts."""
    failed = [
        (state.get("finishedAt", ""), _number(pod), state)
        for pod in pods
        if _trains(pod) and pod.get("status", {}).get("phase") == "Failed"
        for state in _ends(pod)
    ]
    ordered = sorted(failed, key=lambda each: each[0])
    words = ((number, _termination_message(state)) for _, number, state in ordered)
    return {number: said for number, said in words if said}


def _ends(pod: Manifest) -> list[Manifest]:
    states = [e.get("state", {}) for e in pod["status"].get("containerStatuses", [])]
    return [each["terminated"] for each in states if "terminated" in each]


def _termination_message(terminated: Manifest) -> str:
    """Give our own words only: those of a fault nobody expected may quote a trace."""
    _, _, said = str(terminated.get("message", "")).partition(_OURS)
    line = said.partition("\n")[0].strip()
    reason = str(terminated.get("reason", ""))
    return line[:_MAX_MESSAGE_CHARACTERS] or ("" if reason == "Error" else reason)


def _trains(pod: Manifest) -> bool:
    return bool(pod["metadata"]["labels"].get(_COMPONENT) == TRAINING)


def _succeeded(pod: Manifest) -> bool:
    return _trains(pod) and pod.get("status", {}).get("phase") == "Succeeded"


def _leads(pod: Manifest) -> bool:
    return bool(pod["metadata"].get("annotations", {}).get(_INDEX, "0") == "0")


def _summary(pod: Manifest) -> TrainingSummary | str:
    state = pod["status"]["containerStatuses"][0]["state"]
    message = state.get("terminated", {}).get("message", "")
    try:
        return TrainingSummary.from_json(message)
    except DocumentError as error:
        return f"its termination message is unreadable: {error}"


def _job(
    job: Manifest, summary: TrainingSummary | str | None, words: str | None
) -> JobState:
    conditions = job.get("status", {}).get("conditions", [])
    true = {each["type"]: each for each in conditions if each["status"] == "True"}
    if isinstance(summary, TrainingSummary):
        # The attempt's last word, even if a worker has failed the Job meanwhile.
        return JobState(finished=True, summary=summary)
    if "Failed" in true:
        cause = true["Failed"].get("message") or true["Failed"].get("reason")
        failed = job["status"].get("failedIndexes")
        indexes = f" (index {failed})" if failed else ""
        said = f": {words}" if words else ""
        return JobState(finished=True, failure=f"{cause}{indexes}{said}")
    if isinstance(summary, str):
        return JobState(finished=True, failure=summary)
    return JobState()


async def _pods(
    port: PodClient, manifests: list[Manifest], policy: PolicyDocument | None
) -> tuple[PodState, ...]:
    mine = [
        each
        for each in manifests
        if each["metadata"]["labels"].get(_COMPONENT) == DATA_PLANE
    ]
    at_once = asyncio.Semaphore(_POLLS_AT_ONCE)

    async def poll(manifest: Manifest) -> PodState:
        async with at_once:
            return await _pod(port, manifest, policy)

    states = await asyncio.gather(*map(poll, mine))
    return tuple(sorted(states, key=lambda each: (each.revision, each.name)))


async def _pod(
    port: PodClient, manifest: Manifest, policy: PolicyDocument | None
) -> PodState:
    status = manifest.get("status", {})
    address = status.get("podIP") if status.get("phase") == "Running" else None
    asked = policy or PolicyDocument(generation=0)
    evidence = await port.push(address, asked) if address else None
    conditions = {each["type"]: each["status"] for each in status.get("conditions", [])}
    leaving = "deletionTimestamp" in manifest["metadata"]
    return PodState(
        name=manifest["metadata"]["name"],
        revision=_number(manifest),
        ready=conditions.get("Ready") == "True" and not leaving,
        address=address,
        evidence=evidence,
        trouble=_pod_error(status),
        reserved=_reserved(manifest),
        leaving=leaving,
    )


def _reserved(manifest: Manifest) -> ReservedResources:
    containers = manifest.get("spec", {}).get("containers", [])
    asked = [each.get("resources", {}).get("requests", {}) for each in containers]
    cores = sum(amount(str(each.get("cpu", "0"))) or 0.0 for each in asked)
    memory = sum(amount(str(each.get("memory", "0"))) or 0.0 for each in asked)
    return ReservedResources(Decimal(str(cores)), Decimal(str(memory / _GIB)))


def _pod_error(status: Manifest) -> str | None:
    for container in status.get("containerStatuses", []):
        waiting = container.get("state", {}).get("waiting", {})
        if waiting.get("reason") not in {None, "ContainerCreating", "PodInitializing"}:
            return f"{waiting['reason']}: {waiting.get('message', '')}".strip(": ")
    for condition in status.get("conditions", []):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return str(condition.get("message", "not scheduled"))
    return None
