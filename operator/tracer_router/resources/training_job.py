"""The Job of one training attempt and the ConfigMap with its request."""

from typing import Any

from tracer_core.contracts import runtime
from tracer_core.contracts.training import AttemptRequest
from tracer_router.api import AttemptSpec, Engine, TracerRevision, TracerRouter
from tracer_router.resources.embedder import training_embedder
from tracer_router.resources.installation import Installation
from tracer_router.resources.manifest import Manifest, child, labels, revision_name
from tracer_router.resources.pod import (
    CONTAINER_SECURITY,
    POD_SECURITY,
    environment,
    resources_of,
    store_parts,
)
from tracer_router.resources.training_pods import (
    COMPONENT,
    build_network_policy,
    build_scheduler_service,
    over_pods,
    scheduler_address,
    training_name,
)

__all__ = ["COMPONENT", "build_request", "build_training"]

_REQUEST = "/var/run/tracer/attempt"
_DEADLINE_SECONDS = 3600
_RETRIES = 3


def build_request(router: TracerRouter, request: AttemptRequest) -> Manifest:
    """Build the ConfigMap that holds what is asked; it never changes."""
    return child(
        router,
        ("v1", "ConfigMap"),
        f"{revision_name(router, request.attempt)}-attempt",
        labels(router, COMPONENT, request.attempt),
        immutable=True,
        data={"request.json": request.to_json().decode()},
    )


def build_training(
    router: TracerRouter, revision: TracerRevision, installation: Installation
) -> list[Manifest]:
    """Build the Job of a revision's attempt, last, after what its pods need.

    A retry of a pod returns the same result.

    Raises:
        ValueError: The revision is a pass-through.
    """
    attempt, number = revision.spec.attempt, revision.spec.revision
    if attempt is None:
        raise ValueError(f"{revision.metadata.name} is a pass-through")
    job = _job(router, revision, attempt, installation)
    if attempt.engine is Engine.LOCAL:
        return [job]
    network = (build_scheduler_service, build_network_policy)
    return [*(build(router, number) for build in network), job]


def _job(
    router: TracerRouter,
    revision: TracerRevision,
    attempt: AttemptSpec,
    installation: Installation,
) -> Manifest:
    number = revision.spec.revision
    marks = labels(router, COMPONENT, number)
    pod = _pod(router, revision, attempt, installation)
    if attempt.engine is Engine.DASK:
        spec = over_pods(router, number, attempt.workers, pod)
    else:
        template = {"metadata": {"labels": marks}, "spec": pod}
        spec = {"backoffLimit": _RETRIES, "template": template}
    spec["activeDeadlineSeconds"] = _DEADLINE_SECONDS
    name = training_name(router, number)
    return child(router, ("batch/v1", "Job"), name, marks, spec=spec)


def _program(
    router: TracerRouter, number: int, attempt: AttemptSpec
) -> tuple[str, dict[str, str]]:
    """Give the module that a pod runs and what it is told beside the request."""
    if attempt.engine is Engine.LOCAL:
        return "tracer_bentos.training", {}
    return "tracer_bentos.training.run.dask_main", {
        runtime.SCHEDULER: scheduler_address(router, number),
        runtime.WORKERS: str(attempt.workers),
    }


def _pod(
    router: TracerRouter,
    revision: TracerRevision,
    attempt: AttemptSpec,
    installation: Installation,
) -> dict[str, Any]:
    module, told = _program(router, revision.spec.revision, attempt)
    parts = (store_parts(router, installation), training_embedder(attempt.embedder))
    request = f"{revision_name(router, revision.spec.revision)}-attempt"
    values = {**told, runtime.ATTEMPT_FILE: f"{_REQUEST}/request.json"}
    for each in parts:
        values |= each.values
    container = {
        "name": "training",
        "image": revision.spec.image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-m", module],
        "env": environment(values),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": CONTAINER_SECURITY,
        "volumeMounts": [
            {"name": "attempt", "mountPath": _REQUEST, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - the pod's own volume
            *(mount for each in parts for mount in each.mounts),
        ],
        **resources_of(router.spec.training.resources, installation.training_resources),
    }
    return {
        "restartPolicy": "Never",
        "serviceAccountName": router.metadata.name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": POD_SECURITY,
        "containers": [container],
        "volumes": [
            {"name": "attempt", "configMap": {"name": request}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "4Gi"}},
            *(volume for each in parts for volume in each.volumes),
        ],
    }
