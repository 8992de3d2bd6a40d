"""What the tests ask of the chart."""

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
        """Give the objects."""

    @abstractmethod
    def refusal(self, **values: object) -> str:
        """Give what helm says against the values."""


def of_kind(manifests: list[Manifest], kind: str) -> list[Manifest]:
    """Give the objects of one kind."""
    return [each for each in manifests if each["kind"] == kind]


def api_path(manifest: Manifest) -> str:
    """Give where an object lies in the API."""
    version, metadata = manifest["apiVersion"], manifest["metadata"]
    prefix = "api" if "/" not in version else "apis"
    plural = _PLURALS[manifest["kind"]]
    folder = f"/{prefix}/{version}/namespaces/{metadata['namespace']}/{plural}"
    return f"{folder}/{metadata['name']}"
