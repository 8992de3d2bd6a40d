"""The result of planning: what to change, without how."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from tracer_core.contracts.policy import PolicyDocument
from tracer_router.api import TracerRevision, TracerRouterStatus
from tracer_router.resources.manifest import Manifest, ObjectKey

__all__ = ["EventRecord", "EventType", "Plan"]


class EventType(StrEnum):
    """The type of a Kubernetes Event."""

    NORMAL = "Normal"
    """Information only."""
    WARNING = "Warning"
    """A failure, a refusal, or a rollback: a user may have to act."""


@dataclass(frozen=True, slots=True)
class EventRecord:
    """An Event to emit about the router."""

    reason: str
    message: str
    type: EventType = EventType.NORMAL


@dataclass(frozen=True, slots=True)
class Plan:
    """All changes of one reconcile, executed in the order of the fields."""

    create: tuple[TracerRevision, ...] = ()
    """Revisions to create, before any other object that belongs to them."""
    policy: PolicyDocument | None = None
    """The document to push to every pod if it differs from the observed one."""
    apply: tuple[Manifest, ...] = ()
    """Objects to apply, in order."""
    delete: tuple[ObjectKey, ...] = ()
    """Controlled objects to delete."""
    revisions: tuple[TracerRevision, ...] = ()
    """Revisions with the status to write."""
    status: TracerRouterStatus = field(default_factory=TracerRouterStatus)
    """The status of the router, written after all other changes."""
    urgent: frozenset[int] = frozenset()
    """Revisions whose counts are written at once, because one of their pods ends."""
    events: tuple[EventRecord, ...] = ()
    """Events to emit."""
    requeue_after: timedelta = timedelta(seconds=10)
    """Delay until the next reconcile if no event triggers one before."""
