"""Why a pod does not start, from its status."""

from tracer_router.resources.manifest import Manifest

__all__ = ["find_start_error"]

_STARTING = {None, "ContainerCreating", "PodInitializing"}
"""Reasons of a waiting container that starts without an error."""


def find_start_error(status: Manifest) -> str | None:
    """Return why a pod does not start; None if there is no error.

    Args:
        status: The status of the pod.
    """
    for container in status.get("containerStatuses", []):
        waiting = container.get("state", {}).get("waiting", {})
        if waiting.get("reason") not in _STARTING:
            return f"{waiting['reason']}: {waiting.get('message', '')}".strip(": ")
    for condition in status.get("conditions", []):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return str(condition.get("message", "not scheduled"))
    return None
