"""Whether every pod of a revision has its surrogate loaded, and if not, why not."""

from tracer_router.api import TracerRevision
from tracer_router.planning.state.observed import Observed, PodState

__all__ = ["load_error"]


def load_error(observed: Observed, revision: TracerRevision) -> str | None:
    """Say why not every pod has the expected bundle loaded; None when all have."""
    pods = observed.pods_of(revision.spec.revision)
    if len(pods) < observed.router.spec.replicas:
        return "its pods are being created"
    bundle = revision.status.bundle.digest if revision.status.bundle else None
    troubles = (_pod_load_error(pod, bundle) for pod in pods)
    return next((each for each in troubles if each is not None), None)


def _pod_load_error(pod: PodState, bundle: str | None) -> str | None:
    if pod.trouble is not None:
        return f"pod {pod.name}: {pod.trouble}"
    if not pod.ready or pod.evidence is None:
        return f"pod {pod.name} is not ready yet"
    state = pod.evidence.surrogate
    if state.loaded != bundle:
        cause = state.reason or "its bundle is not loaded yet"
        return f"pod {pod.name} passes everything to the teacher: {cause}"
    return None
