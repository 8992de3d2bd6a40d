"""API paths of the kinds that the operator uses."""

from tracer_core.constants import GROUP, VERSION

__all__ = ["build_path"]

_KINDS: dict[str, tuple[str, str]] = {
    "ConfigMap": ("api/v1", "configmaps"),
    "Event": ("api/v1", "events"),
    "Pod": ("api/v1", "pods"),
    "Service": ("api/v1", "services"),
    "ServiceAccount": ("api/v1", "serviceaccounts"),
    "Deployment": ("apis/apps/v1", "deployments"),
    "CronJob": ("apis/batch/v1", "cronjobs"),
    "Job": ("apis/batch/v1", "jobs"),
    "PodDisruptionBudget": ("apis/policy/v1", "poddisruptionbudgets"),
    "NetworkPolicy": ("apis/networking.k8s.io/v1", "networkpolicies"),
    "HTTPRoute": ("apis/gateway.networking.k8s.io/v1", "httproutes"),
    "TracerRouter": (f"apis/{GROUP}/{VERSION}", "tracerrouters"),
    "TracerRevision": (f"apis/{GROUP}/{VERSION}", "tracerrevisions"),
}


def build_path(namespace: str, kind: str, name: str = "", subresource: str = "") -> str:
    """Return the API path of a collection, an object, or a subresource."""
    prefix, plural = _KINDS[kind]
    parts = [prefix, "namespaces", namespace, plural, name, subresource]
    return "/" + "/".join(part for part in parts if part)
