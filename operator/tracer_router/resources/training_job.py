"""The Job of one training attempt, and the ConfigMap with its request."""

from typing import Any

from tracer_core.contracts import runtime
from tracer_core.contracts.training import AttemptRequest
from tracer_router.api import AttemptSpec, Engine, TracerRevision, TracerRouter
from tracer_router.resources.installation import Installation
from tracer_router.resources.manifest import Manifest, child, labels, revision_name
from tracer_router.resources.pod import paths
from tracer_router.resources.pod.embedder import training_embedder
from tracer_router.resources.pod.parts import (
    CONTAINER_SECURITY,
    POD_SECURITY,
    container_resources,
    environment,
)
from tracer_router.resources.pod.store import store_parts
from tracer_router.resources.runtime_config import build_training_config
from tracer_router.resources.training_pods import (
    COMPONENT,
    build_network_policy,
    build_scheduler_service,
    indexed_job_spec,
    training_name,
)

__all__ = ["COMPONENT", "build_request", "build_training"]

_DEADLINE_SECONDS = 3600
_RETRIES = 3


def build_request(router: TracerRouter, request: AttemptRequest) -> Manifest:
    """Return the immutable ConfigMap with the attempt request."""
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
    """Return the objects that the pods of an attempt need, and the Job at the end.

    A retry of a pod returns the same result.

    Raises:
        ValueError: The revision is a pass-through.
    """
    attempt, number = revision.spec.attempt, revision.spec.revision
    if attempt is None:
        raise ValueError(
            f"{revision.metadata.name} is a pass-through without an attempt"
        )
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
    object_labels = labels(router, COMPONENT, number)
    pod = _pod(router, revision, attempt, installation)
    if attempt.engine is Engine.DASK:
        spec = indexed_job_spec(router, number, attempt.workers, pod)
    else:
        template = {"metadata": {"labels": object_labels}, "spec": pod}
        spec = {"backoffLimit": _RETRIES, "template": template}
    spec["activeDeadlineSeconds"] = _DEADLINE_SECONDS
    name = training_name(router, number)
    return child(router, ("batch/v1", "Job"), name, object_labels, spec=spec)


def _module(attempt: AttemptSpec) -> str:
    """Return the Python module that a pod runs."""
    if attempt.engine is Engine.LOCAL:
        return "tracer_bentos.training"
    return "tracer_bentos.training.run.dask_main"


def _pod(
    router: TracerRouter,
    revision: TracerRevision,
    attempt: AttemptSpec,
    installation: Installation,
) -> dict[str, Any]:
    number = revision.spec.revision
    parts = store_parts(router, installation) + training_embedder(attempt.embedder)
    request = f"{revision_name(router, number)}-attempt"
    config = build_training_config(router, number, attempt, installation)
    values = {runtime.ATTEMPT_FILE: f"{paths.ATTEMPT}/request.json", **parts.values}
    container = {
        "name": "training",
        "image": revision.spec.image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-m", _module(attempt)],
        "env": environment(config, values),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": CONTAINER_SECURITY,
        "volumeMounts": [
            {"name": "attempt", "mountPath": paths.ATTEMPT, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - the pod's own volume
            *parts.mounts,
        ],
        **container_resources(
            router.spec.training.resources, installation.training_resources
        ),
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
            *parts.volumes,
        ],
    }
