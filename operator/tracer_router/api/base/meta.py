"""The metadata of an object, as far as the operator reads it."""

from datetime import datetime

from pydantic import Field

from tracer_router.api.base.model import ApiModel

__all__ = ["ObjectMeta", "OwnerReference"]


class OwnerReference(ApiModel):
    """Who owns an object; the garbage collector follows it."""

    api_version: str
    """Group and version of the owner."""
    kind: str
    """Kind of the owner."""
    name: str
    """Name of the owner."""
    uid: str
    """Identity of the owner: a namesake is another."""
    controller: bool | None = None
    """Whether the owner is the one that controls it."""
    block_owner_deletion: bool | None = None
    """Whether the owner must wait in a foreground deletion."""


class ObjectMeta(ApiModel):
    """Name, identity and age of an object."""

    name: str
    """Name within the namespace."""
    namespace: str = "default"
    """Namespace."""
    uid: str | None = None
    """Identity; a namesake is another."""
    generation: int | None = None
    """Grows with each change of the spec."""
    labels: dict[str, str] = Field(default_factory=dict)
    """Labels."""
    annotations: dict[str, str] = Field(default_factory=dict)
    """Annotations."""
    owner_references: tuple[OwnerReference, ...] = ()
    """Owners."""
    resource_version: str | None = None
    """Changes with each write; a write against an older one is refused."""
    deletion_timestamp: datetime | None = None
    """Set when the object is on its way out."""
    creation_timestamp: datetime | None = None
    """When it was made."""
