"""The Job of one training attempt and the ConfigMap with its request."""

from typing import Any

from tracer_router.api import TracerRouter
from tracer_router.contracts import runtime
from tracer_router.contracts.training import AttemptRequest
from tracer_router.resources.installation import Installation
from tracer_router.resources.manifest import Manifest, child, labels, revision_name
from tracer_router.resources.pod import (
    CONTAINER_SECURITY,
    POD_SECURITY,
    environment,
    store_parts,
)

__all__ = ["COMPONENT", "build_request", "build_training_job"]

COMPONENT = "training"
_REQUEST = "/var/run/tracer/attempt"
_DEADLINE_SECONDS = 3600


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


def build_training_job(
    router: TracerRouter, attempt: int, image: str, installation: Installation
) -> Manifest:
    """Build the Job; a retry of its pod returns the same result."""
    marks = labels(router, COMPONENT, attempt)
    spec = {
        "backoffLimit": 3,
        "activeDeadlineSeconds": _DEADLINE_SECONDS,
        "template": {
            "metadata": {"labels": marks},
            "spec": _pod(router, attempt, image, installation),
        },
    }
    name = f"{revision_name(router, attempt)}-training"
    return child(router, ("batch/v1", "Job"), name, marks, spec=spec)


def _pod(
    router: TracerRouter, attempt: int, image: str, installation: Installation
) -> dict[str, Any]:
    store = store_parts(router, installation)
    request = f"{revision_name(router, attempt)}-attempt"
    values = {**store.values, runtime.ATTEMPT_FILE: f"{_REQUEST}/request.json"}
    container = {
        "name": "training",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-m", "tracer_bentos.training"],
        "env": environment(values),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": CONTAINER_SECURITY,
        "volumeMounts": [
            {"name": "attempt", "mountPath": _REQUEST, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - the pod's own volume
            *store.mounts,
        ],
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
            *store.volumes,
        ],
    }
