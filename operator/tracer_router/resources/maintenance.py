"""The CronJob of daily store maintenance: compaction, retention, and erasure."""

import hashlib
from typing import Any

from tracer_router.api import TracerRouter
from tracer_router.resources.installation import Installation
from tracer_router.resources.manifest import ROUTER_LABEL, Manifest, child, labels
from tracer_router.resources.pod.parts import (
    CONTAINER_SECURITY,
    POD_SECURITY,
    environment,
)
from tracer_router.resources.pod.store import store_parts
from tracer_router.resources.runtime_config import build_maintenance_config

__all__ = ["COMPONENT", "build_maintenance"]

COMPONENT = "maintenance"
_DEADLINE_SECONDS = 6 * 3600
"""No longer than the lock on the store."""
_MINUTES = 4 * 60


def build_maintenance(router: TracerRouter, installation: Installation) -> Manifest:
    """Return the CronJob; each router has its own minute between 1:00 and 5:00.

    The next run does the work of a run that was missed or failed.
    """
    # Without the router's label: the CronJob owns its Jobs and pods, not the plan.
    pod_labels = {
        key: value
        for key, value in labels(router, COMPONENT).items()
        if key != ROUTER_LABEL
    }
    template = {
        "metadata": {"labels": pod_labels},
        "spec": _pod(router, installation),
    }
    job = {
        "backoffLimit": 1,
        "activeDeadlineSeconds": _DEADLINE_SECONDS,
        "template": template,
    }
    spec = {
        "schedule": _schedule(router),
        "concurrencyPolicy": "Forbid",
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 1,
        "suspend": False,
        "jobTemplate": {"metadata": {"labels": pod_labels}, "spec": job},
    }
    name = f"{router.metadata.name}-maintenance"
    object_labels = labels(router, COMPONENT)
    return child(router, ("batch/v1", "CronJob"), name, object_labels, spec=spec)


def _schedule(router: TracerRouter) -> str:
    digest = hashlib.sha256((router.metadata.uid or router.metadata.name).encode())
    minute = int.from_bytes(digest.digest()[:4]) % _MINUTES
    return f"{minute % 60} {1 + minute // 60} * * *"


def _pod(router: TracerRouter, installation: Installation) -> dict[str, Any]:
    store = store_parts(router, installation)
    config = build_maintenance_config(router, installation)
    container: dict[str, Any] = {
        "name": "maintenance",
        "image": installation.runtime_image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-m", "tracer_bentos.maintenance"],
        "env": environment(config, {}),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": CONTAINER_SECURITY,
    }
    pod: dict[str, Any] = {
        "restartPolicy": "Never",
        "serviceAccountName": router.metadata.name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": POD_SECURITY,
        "containers": [container],
    }
    if store.mounts:  # the API server drops an empty list, which would be a diff
        container["volumeMounts"] = [*store.mounts]
        pod["volumes"] = [*store.volumes]
    return pod
