"""The identity of a router's pods, and the mounted keys of its clients."""

from tracer_router.api import TracerRouter
from tracer_router.resources.manifest import Manifest, child, labels
from tracer_router.resources.pod import paths
from tracer_router.resources.pod.parts import PodParts

__all__ = ["access_parts", "build_service_account"]


def build_service_account(router: TracerRouter) -> Manifest:
    """Return the ServiceAccount; no pod mounts its token."""
    return child(
        router,
        ("v1", "ServiceAccount"),
        router.metadata.name,
        labels(router, "identity"),
        automountServiceAccountToken=False,
    )


def access_parts(router: TracerRouter) -> PodParts:
    """Return the mount of the client keys, if the access mode has any."""
    access = router.spec.access
    if access is None or access.client_keys is None:
        return PodParts()
    secret = {"secretName": access.client_keys.secret_name}
    return PodParts.mounted("clients", paths.CLIENT_KEYS, {"secret": secret})
