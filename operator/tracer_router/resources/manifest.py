"""Keys, names, labels, and owner references of a router's children."""

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
    """Kind and name of an object in the namespace of the router."""

    kind: str
    name: str

    @classmethod
    def from_manifest(cls, manifest: Manifest) -> "ObjectKey":
        """Return the key of a manifest."""
        return cls(manifest["kind"], manifest["metadata"]["name"])


def revision_name(router: TracerRouter, revision: int) -> str:
    """Return the name of the objects of one revision."""
    return f"{router.metadata.name}-r{revision}"


def labels(
    router: TracerRouter, component: str, revision: int | None = None
) -> dict[str, str]:
    """Return the labels of a child: the recommended ones, router, and revision."""
    result = {
        "app.kubernetes.io/name": "tracer-router",
        "app.kubernetes.io/managed-by": "tracer-operator",
        _COMPONENT_LABEL: component,
        ROUTER_LABEL: router.metadata.name,
    }
    if revision is not None:
        result[REVISION_LABEL] = str(revision)
    return result


def selector(
    router: TracerRouter, component: str, revision: int | None = None
) -> dict[str, str]:
    """Return the labels that select the pods of a child; they never change."""
    all_labels = labels(router, component, revision)
    keys = (_COMPONENT_LABEL, ROUTER_LABEL, REVISION_LABEL)
    return {key: all_labels[key] for key in keys if key in all_labels}


def child(
    router: TracerRouter,
    coordinates: tuple[str, str],
    name: str,
    labels: dict[str, str],
    **content: Any,
) -> Manifest:
    """Return an object that the router owns; the garbage collector deletes it."""
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
