"""Interface of the chart for tests, and helpers for its manifests."""

from abc import ABC, abstractmethod
from typing import Any

__all__ = ["Chart", "Manifest", "api_path", "of_kind"]

Manifest = dict[str, Any]

_PLURALS = {
    "Deployment": "deployments",
    "PersistentVolumeClaim": "persistentvolumeclaims",
    "Pod": "pods",
    "Role": "roles",
    "RoleBinding": "rolebindings",
    "Secret": "secrets",
    "Service": "services",
    "ServiceAccount": "serviceaccounts",
}


class Chart(ABC):
    """The chart, rendered with values."""

    @abstractmethod
    def render(self, **values: object) -> list[Manifest]:
        """Return the rendered objects."""

    @abstractmethod
    def refusal(self, **values: object) -> str:
        """Return the error message of Helm for invalid values."""


def of_kind(manifests: list[Manifest], kind: str) -> list[Manifest]:
    """Return the objects of one kind."""
    return [manifest for manifest in manifests if manifest["kind"] == kind]


def api_path(manifest: Manifest) -> str:
    """Return the path of an object in the API."""
    version, metadata = manifest["apiVersion"], manifest["metadata"]
    prefix = "api" if "/" not in version else "apis"
    plural = _PLURALS[manifest["kind"]]
    folder = f"/{prefix}/{version}/namespaces/{metadata['namespace']}/{plural}"
    return f"{folder}/{metadata['name']}"
