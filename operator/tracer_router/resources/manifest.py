"""Keys, names, labels and ownership of a router's children."""

from dataclasses import dataclass
from typing import Any

from tracer_core.constants import API_VERSION, GROUP
from tracer_router.api import TracerRouter

__all__ = [
    "REVISION_LABEL",
    "ROUTER_LABEL",
    "Manifest",
    "ObjectKey",
    "child",
    "labels",
    "revision_name",
    "selector",
]

Manifest = dict[str, Any]

ROUTER_LABEL = f"{GROUP}/router"
REVISION_LABEL = f"{GROUP}/revision"
_COMPONENT_LABEL = "app.kubernetes.io/component"


@dataclass(frozen=True, slots=True, order=True)
class ObjectKey:
    """Kind and name of an object in the router's namespace."""

    kind: str
    name: str

    @classmethod
    def from_manifest(cls, manifest: Manifest) -> "ObjectKey":
        """Give the key of a manifest."""
        return cls(manifest["kind"], manifest["metadata"]["name"])


def revision_name(router: TracerRouter, revision: int) -> str:
    """Name everything that belongs to one revision."""
    return f"{router.metadata.name}-r{revision}"


def labels(
    router: TracerRouter, component: str, revision: int | None = None
) -> dict[str, str]:
    """Label a child: the recommended labels and our own two."""
    found = {
        "app.kubernetes.io/name": "tracer-router",
        "app.kubernetes.io/managed-by": "tracer-operator",
        _COMPONENT_LABEL: component,
        ROUTER_LABEL: router.metadata.name,
    }
    if revision is not None:
        found[REVISION_LABEL] = str(revision)
    return found


def selector(
    router: TracerRouter, component: str, revision: int | None = None
) -> dict[str, str]:
    """Give the labels that select a child's pods; they never change."""
    full = labels(router, component, revision)
    chosen = (_COMPONENT_LABEL, ROUTER_LABEL, REVISION_LABEL)
    return {key: full[key] for key in chosen if key in full}


def child(
    router: TracerRouter,
    coordinates: tuple[str, str],
    name: str,
    labels: dict[str, str],
    **content: Any,
) -> Manifest:
    """Build an object that the router controls; the garbage collector follows it."""
    api_version, kind = coordinates
    owner = {
        "apiVersion": API_VERSION,
        "kind": "TracerRouter",
        "name": router.metadata.name,
        "uid": router.metadata.uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }
    metadata = {
        "name": name,
        "namespace": router.metadata.namespace,
        "labels": labels,
        "ownerReferences": [owner],
    }
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **content}
