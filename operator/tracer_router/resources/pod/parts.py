"""Parts that all pods of a router share: security, environment, and resources."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from tracer_core.contracts import runtime
from tracer_core.contracts.runtime_config import RuntimeConfig
from tracer_router.api import Resources

__all__ = [
    "CONTAINER_SECURITY",
    "POD_SECURITY",
    "PodParts",
    "container_resources",
    "environment",
]

POD_SECURITY: dict[str, Any] = {
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "runAsGroup": 65532,
    "fsGroup": 65532,
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""The pod settings that the restricted Pod Security Standard requires."""

CONTAINER_SECURITY: dict[str, Any] = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
"""The container settings that the restricted Pod Security Standard requires."""


@dataclass(frozen=True, slots=True)
class PodParts:
    """Environment variables, mounts, and volumes that belong together."""

    values: Mapping[str, str] = field(default_factory=dict)
    """Environment variables."""
    mounts: tuple[dict[str, Any], ...] = ()
    """Mounts of the container."""
    volumes: tuple[dict[str, Any], ...] = ()
    """Volumes of the pod."""

    @classmethod
    def mounted(cls, name: str, path: str, source: Mapping[str, Any]) -> Self:
        """Return a volume that is mounted read-only.

        Args:
            name: Name of the volume.
            path: Where it is mounted.
            source: The source of the volume, such as ``{"secret": {...}}``.
        """
        mount = {"name": name, "mountPath": path, "readOnly": True}
        return cls(mounts=(mount,), volumes=({"name": name, **source},))

    def __add__(self, other: "PodParts") -> "PodParts":
        return PodParts(
            {**self.values, **other.values},
            self.mounts + other.mounts,
            self.volumes + other.volumes,
        )


def environment(
    config: RuntimeConfig, values: Mapping[str, str]
) -> list[dict[str, str]]:
    """Return the environment of a container: the document first, the rest by name."""
    document = {"name": runtime.CONFIG, "value": config.to_json().decode()}
    rest = [{"name": name, "value": values[name]} for name in sorted(values)]
    return [document, *rest]


def container_resources(
    requested: Resources | None, default: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the resources of a container: those of the router, or of the chart."""
    chosen = (
        dict(default) if requested is None else requested.model_dump(exclude_none=True)
    )
    return {"resources": chosen} if chosen else {}
