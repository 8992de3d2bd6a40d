"""A TracerRevision as it is created, and its status as it is written."""

from tracer_core.constants import API_VERSION
from tracer_router.api import TracerRevision, TracerRouter
from tracer_router.resources.manifest import Manifest, child, labels

__all__ = ["build_revision", "build_revision_status"]


def build_revision(router: TracerRouter, revision: TracerRevision) -> Manifest:
    """Return the object without a status; its spec never changes."""
    return child(
        router,
        (API_VERSION, "TracerRevision"),
        revision.metadata.name,
        labels(router, "revision", revision.spec.revision),
        spec=revision.spec.to_manifest(),
    )


def build_revision_status(revision: TracerRevision) -> Manifest:
    """Return the complete status, for the status subresource."""
    metadata = {
        "name": revision.metadata.name,
        "namespace": revision.metadata.namespace,
    }
    return {
        "apiVersion": API_VERSION,
        "kind": "TracerRevision",
        "metadata": metadata,
        "status": revision.status.to_manifest(),
    }
