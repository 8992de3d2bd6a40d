"""Why a pod of a revision does not have its surrogate loaded."""

from tracer_router.api import TracerRevision
from tracer_router.planning.state.observed import PodState

__all__ = ["load_error"]


def load_error(
    revision: TracerRevision, pods: tuple[PodState, ...], replicas: int
) -> str | None:
    """Return why not every pod has the expected bundle loaded; None if all have.

    Args:
        revision: The revision.
        pods: The pods of the revision.
        replicas: The number of pods that the revision must have.
    """
    if len(pods) < replicas:
        return "its pods are being created"
    bundle = revision.status.bundle.digest if revision.status.bundle else None
    errors = (_pod_load_error(pod, bundle) for pod in pods)
    return next((error for error in errors if error is not None), None)


def _pod_load_error(pod: PodState, bundle: str | None) -> str | None:
    if pod.start_error is not None:
        return f"pod {pod.name}: {pod.start_error}"
    if not pod.ready or pod.evidence is None:
        return f"pod {pod.name} is not ready yet"
    state = pod.evidence.surrogate
    if state.loaded != bundle:
        cause = state.reason or "its bundle is not loaded yet"
        return f"pod {pod.name} passes everything to the teacher: {cause}"
    return None
