"""The fields of an object's metadata that the operator reads."""

from datetime import datetime

from pydantic import Field

from tracer_router.api.base.model import ApiModel

__all__ = ["ObjectMeta", "OwnerReference"]


class OwnerReference(ApiModel):
    """A reference to the owner of an object, used by garbage collection."""

    api_version: str
    """API group and version of the owner."""
    kind: str
    """Kind of the owner."""
    name: str
    """Name of the owner."""
    uid: str
    """UID of the owner. Another object with the same name has a different UID."""
    controller: bool | None = None
    """Whether the owner is the managing controller."""
    block_owner_deletion: bool | None = None
    """Whether a foreground deletion of the owner waits for this object."""


class ObjectMeta(ApiModel):
    """Name, identity, and lifecycle of an object."""

    name: str
    """Name within the namespace."""
    namespace: str = "default"
    """Namespace."""
    uid: str | None = None
    """UID of the object. Another object with the same name has a different UID."""
    generation: int | None = None
    """Number that the API server increases with each change of the spec."""
    labels: dict[str, str] = Field(default_factory=dict)
    """Labels."""
    annotations: dict[str, str] = Field(default_factory=dict)
    """Annotations."""
    owner_references: tuple[OwnerReference, ...] = ()
    """Owners of the object."""
    resource_version: str | None = None
    """Version that changes with each write. The API server rejects an update of an
    older version."""
    deletion_timestamp: datetime | None = None
    """Time at which the deletion of the object was requested."""
    creation_timestamp: datetime | None = None
    """Time at which the object was created."""
