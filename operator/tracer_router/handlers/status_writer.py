"""The one writer of status: compares, throttles figures, and turns errors to words."""

import logging
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tracer_core.constants import API_VERSION
from tracer_core.errors import ClusterError, Forbidden, RetryLater, SpecError
from tracer_router.api import (
    ConditionStatus,
    ConditionType,
    ObjectMeta,
    Phase,
    Reason,
    TracerRevision,
    TracerRouterStatus,
)
from tracer_router.cluster.interfaces import ClusterClient
from tracer_router.planning.state.observed import Observed
from tracer_router.planning.state.plan import EventRecord, EventType, Plan
from tracer_router.planning.status.conditions import set_conditions
from tracer_router.resources.manifest import Manifest
from tracer_router.resources.revision import build_revision_status

__all__ = ["StatusWriter", "failed_status", "stall_event"]

_LOG = logging.getLogger(__name__)
_FIGURES_EVERY_SECONDS = 10.0
_FIGURES = frozenset(
    {
        "agreement",
        "audit",
        "coverage",
        "evidence",
        "message",
        "next",
        "observed",
        "saved",
        "savings",
        "traces",
    }
)
"""Fields that move with the traffic; alone they are written every few seconds only."""


@dataclass
class StatusWriter:
    """Writes the status of routers and revisions, and nothing else does."""

    cluster: ClusterClient
    clock: Any = time.monotonic
    _written: dict[str, float] = field(default_factory=dict)

    async def write(self, observed: Observed, plan: Plan) -> None:
        """Write what changed: decisions at once, figures every few seconds."""
        before = {each.metadata.name: each for each in observed.revisions}
        for revision in plan.revisions:
            urgent = revision.spec.revision in plan.urgent
            await self._write_revision(
                before[revision.metadata.name], revision, urgent=urgent
            )
        router = observed.router
        await self.write_router(router.metadata, router.status, plan.status)

    async def write_router(
        self,
        metadata: ObjectMeta,
        before: TracerRouterStatus,
        after: TracerRouterStatus,
    ) -> None:
        """Write the status of a router if it differs from the one before."""
        manifest = {
            "apiVersion": API_VERSION,
            "kind": "TracerRouter",
            "metadata": {"name": metadata.name, "namespace": metadata.namespace},
            "status": after.to_manifest(),
        }
        await self._write(before.to_manifest(), manifest)

    async def _write_revision(
        self, before: TracerRevision, after: TracerRevision, *, urgent: bool
    ) -> None:
        old = before.status.to_manifest()
        await self._write(old, build_revision_status(after), urgent=urgent)

    async def _write(
        self, old: dict[str, Any], manifest: Manifest, *, urgent: bool = False
    ) -> None:
        new = manifest["status"]
        if old == new:
            return
        metadata = manifest["metadata"]
        key = f"{manifest['kind']}/{metadata['namespace']}/{metadata['name']}"
        recent = self.clock() - self._written.get(key, -_FIGURES_EVERY_SECONDS)
        soon = recent < _FIGURES_EVERY_SECONDS and not urgent
        if soon and _decisions(old) == _decisions(new):
            return
        await self.cluster.apply_status(manifest)
        self._written[key] = self.clock()


def failed_status(
    before: TracerRouterStatus, error: Exception, generation: int | None, now: datetime
) -> TracerRouterStatus:
    """Return the status of a router whose reconcile failed.

    Args:
        before: The status that the router has.
        error: Why the reconcile failed.
        generation: Generation of the spec that was reconciled.
        now: The present time.
    """
    stalled = isinstance(error, SpecError | Forbidden)
    reason = _reason(error)
    message = str(error)[:1000]
    yes, no = ConditionStatus.TRUE, ConditionStatus.FALSE
    states = (
        (ConditionType.STALLED, yes if stalled else no, reason, message),
        (ConditionType.RECONCILING, no if stalled else yes, reason, message),
    )
    update = {
        "conditions": tuple(
            sorted(
                set_conditions(before.conditions, states, generation, now),
                key=lambda condition: condition.type,
            )
        ),
        "observed_generation": generation or -1,
    }
    if stalled:
        update["phase"] = Phase.STALLED
    return before.model_copy(update=update)


def stall_event(
    before: TracerRouterStatus, after: TracerRouterStatus
) -> EventRecord | None:
    """Return the Event of a router that has just stalled; None if nothing is new."""
    stalled = _stalled(after)
    if stalled is None or stalled == _stalled(before):
        return None
    reason, message = stalled
    return EventRecord(reason, message, EventType.WARNING)


def _stalled(status: TracerRouterStatus) -> tuple[str, str] | None:
    """Return reason and message of the condition `Stalled`; None if it is not true."""
    for condition in status.conditions:
        kind = condition.type == ConditionType.STALLED.value
        if kind and condition.status is ConditionStatus.TRUE:
            return condition.reason, condition.message
    return None


def _reason(error: Exception) -> Reason:
    match error:
        case Forbidden():
            return Reason.FORBIDDEN
        case RetryLater():
            return Reason.PROGRESSING
        case SpecError():
            return Reason(error.reason)
        case ClusterError():
            return Reason.API_UNAVAILABLE
        case _:
            return Reason.INTERNAL_ERROR


def _decisions(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _decisions(item) for key, item in value.items() if key not in _FIGURES
        }
    if isinstance(value, list):
        return [_decisions(item) for item in value]
    return value
