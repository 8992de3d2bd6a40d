"""What to do next, and nothing about how."""

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
    """A failure, a refusal or a rollback: someone may have to act."""


@dataclass(frozen=True, slots=True)
class EventRecord:
    """An Event to emit about the router."""

    reason: str
    message: str
    type: EventType = EventType.NORMAL


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole intent of one reconcile, carried out in the order of the fields."""

    create: tuple[TracerRevision, ...] = ()
    """Revisions that begin; they exist before anything else of theirs."""
    policy: PolicyDocument | None = None
    """The document to push to every pod when it differs from the one observed."""
    apply: tuple[Manifest, ...] = ()
    """Objects that must be as given, in order."""
    delete: tuple[ObjectKey, ...] = ()
    """Controlled objects that must no longer exist."""
    revisions: tuple[TracerRevision, ...] = ()
    """Revisions with the status to write."""
    status: TracerRouterStatus = field(default_factory=TracerRouterStatus)
    """The router's status, written once the rest has been carried out."""
    urgent: frozenset[int] = frozenset()
    """Revisions whose counts are written at once: a pod of theirs is about to end."""
    events: tuple[EventRecord, ...] = ()
    """Events to emit."""
    requeue_after: timedelta = timedelta(seconds=10)
    """When to observe again without any event."""
