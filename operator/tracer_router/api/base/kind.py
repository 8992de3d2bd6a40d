"""Where a kind lives in the API and what `kubectl get` shows of it."""

from dataclasses import dataclass
from typing import Any

from tracer_core.constants import GROUP, VERSION

__all__ = ["Column", "Kind"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of `kubectl get`; those of priority 1 only with `-o wide`."""

    name: str
    json_path: str
    type: str = "string"
    priority: int = 0

    def manifest(self) -> dict[str, Any]:
        """Give the column as a CRD writes it."""
        found = {"name": self.name, "type": self.type, "jsonPath": self.json_path}
        return found | ({"priority": self.priority} if self.priority else {})


@dataclass(frozen=True, slots=True)
class Kind:
    """The coordinates of a kind."""

    kind: str
    plural: str
    short_name: str
    columns: tuple[Column, ...] = ()
    group: str = GROUP
    version: str = VERSION
    category: str = "tracer"

    @property
    def singular(self) -> str:
        """The kind in lower case, as kubectl takes it."""
        return self.kind.lower()

    @property
    def api_version(self) -> str:
        """Group and version as manifests write them."""
        return f"{self.group}/{self.version}"
