"""Labels of the objects of a router, as the operator reads them."""

from tracer_router.resources.manifest import REVISION_LABEL, Manifest

__all__ = ["read_component", "read_revision_number"]

_COMPONENT = "app.kubernetes.io/component"


def read_component(manifest: Manifest) -> str | None:
    """Return the component that an object belongs to; None without the label."""
    component: str | None = manifest["metadata"]["labels"].get(_COMPONENT)
    return component


def read_revision_number(manifest: Manifest) -> int:
    """Return the number of the revision that an object belongs to; -1 without one."""
    return int(manifest["metadata"]["labels"].get(REVISION_LABEL, -1))
