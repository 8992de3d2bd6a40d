"""The identity of a router's pods: a ServiceAccount without any right."""

from tracer_router.api import TracerRouter
from tracer_router.resources.manifest import Manifest, child, labels

__all__ = ["build_service_account"]


def build_service_account(router: TracerRouter) -> Manifest:
    """Build the account; its token is mounted nowhere."""
    return child(
        router,
        ("v1", "ServiceAccount"),
        router.metadata.name,
        labels(router, "identity"),
        automountServiceAccountToken=False,
    )
