"""API coordinates of a kind and the columns of `kubectl get`."""

from dataclasses import dataclass
from typing import Any

from tracer_core.constants import GROUP, VERSION

__all__ = ["Column", "Kind"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of `kubectl get`."""

    name: str
    """Title of the column."""
    json_path: str
    """JSON path of the value in the object."""
    type: str = "string"
    """OpenAPI type of the value, or `date`."""
    priority: int = 0
    """0 to show the column always, 1 to show it only with `-o wide`."""

    def manifest(self) -> dict[str, Any]:
        """Return the column in the format of a CRD."""
        column = {"name": self.name, "type": self.type, "jsonPath": self.json_path}
        return column | ({"priority": self.priority} if self.priority else {})


@dataclass(frozen=True, slots=True)
class Kind:
    """The API coordinates of a kind."""

    kind: str
    """Name of the kind in manifests, for example `TracerRouter`."""
    plural: str
    """Name of the resource in URLs, for example `tracerrouters`."""
    short_name: str
    """Abbreviation for kubectl, for example `trouter`."""
    columns: tuple[Column, ...] = ()
    """Columns of `kubectl get` after the name."""
    group: str = GROUP
    """API group."""
    version: str = VERSION
    """API version."""
    category: str = "tracer"
    """Category for `kubectl get`, which lists all kinds of a category."""

    @property
    def singular(self) -> str:
        """Name of the kind in lowercase, which kubectl accepts."""
        return self.kind.lower()

    @property
    def api_version(self) -> str:
        """Group and version in the format of manifests: `tracerml.ai/v1alpha1`."""
        return f"{self.group}/{self.version}"
