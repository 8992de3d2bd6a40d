"""Labels of the objects of a router, as the operator reads them."""

from tracer_router.resources.manifest import REVISION_LABEL, Manifest

__all__ = ["component_of", "revision_of"]

_COMPONENT = "app.kubernetes.io/component"


def component_of(manifest: Manifest) -> str | None:
    """Return the component that an object belongs to; None without the label."""
    component: str | None = manifest["metadata"]["labels"].get(_COMPONENT)
    return component


def revision_of(manifest: Manifest) -> int:
    """Return the number of the revision that an object belongs to; -1 without one."""
    return int(manifest["metadata"]["labels"].get(REVISION_LABEL, -1))
