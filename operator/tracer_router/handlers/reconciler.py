"""One reconcile: observe, plan, execute, and write the status. No decision is here."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tracer_core.constants import API_VERSION
from tracer_core.errors import Forbidden, RetryLater, SpecError
from tracer_router.api import ObjectMeta, TracerRouter, TracerRouterStatus
from tracer_router.cluster.execute import execute
from tracer_router.cluster.interfaces import ClusterClient, PodClient
from tracer_router.cluster.observe import observe
from tracer_router.cluster.parse import parse_router, parse_router_status
from tracer_router.handlers.failures import build_failed_status, build_stall_event
from tracer_router.handlers.status_writer import StatusWriter
from tracer_router.handlers.workqueue import Key
from tracer_router.planning.reconcile import plan_reconcile
from tracer_router.planning.state.plan import EventRecord, EventType
from tracer_router.resources.installation import Installation
from tracer_router.resources.manifest import ObjectKey

__all__ = ["Reconciler"]

_LOG = logging.getLogger(__name__)
_STALLED_RETRY_DELAY = timedelta(minutes=1)
_RETRY_LATER_DELAY = timedelta(seconds=2)


@dataclass
class Reconciler:
    """Reconciles one router with its spec."""

    installation: Installation
    cluster: ClusterClient
    pods: PodClient
    writer: StatusWriter
    now: Callable[[], datetime]

    async def reconcile(self, key: Key) -> timedelta | None:
        """Reconcile one router.

        Args:
            key: Namespace and name of the router.

        Returns:
            The delay until the next reconcile; None if the router does not exist.
        """
        namespace, name = key
        manifest = await self.cluster.get(namespace, ObjectKey("TracerRouter", name))
        if manifest is None or "deletionTimestamp" in manifest["metadata"]:
            return None
        try:
            router = parse_router(manifest)
        except SpecError as error:
            metadata, status = parse_router_status(manifest)
            await self._report(metadata, status, error)
            return _STALLED_RETRY_DELAY
        return await self._reconcile(router)

    async def _reconcile(self, router: TracerRouter) -> timedelta:
        try:
            observed = await observe(self.cluster, self.pods, router)
            plan = plan_reconcile(observed, self.installation, self.now())
            await execute(self.cluster, self.pods, observed, plan)
        except Exception as error:
            await self._report(router.metadata, router.status, error)
            if isinstance(error, RetryLater):
                return _RETRY_LATER_DELAY
            if isinstance(error, SpecError | Forbidden):
                return _STALLED_RETRY_DELAY
            raise
        await self.writer.write(observed, plan)
        for event in plan.events:
            await self._emit(router.metadata, event)
        return plan.requeue_after

    async def _report(
        self, metadata: ObjectMeta, before: TracerRouterStatus, error: Exception
    ) -> None:
        """Write the status of a failed reconcile, and an Event if it is a new stall."""
        after = build_failed_status(before, error, metadata.generation, self.now())
        await self.writer.write_router(metadata, before, after)
        event = build_stall_event(before, after)
        if event is not None:
            await self._emit(metadata, event)

    async def _emit(self, metadata: ObjectMeta, event: EventRecord) -> None:
        about = {
            "apiVersion": API_VERSION,
            "kind": TracerRouter.resource.kind,
            "metadata": metadata.to_manifest(),
        }
        level = logging.WARNING if event.type is EventType.WARNING else logging.INFO
        _LOG.log(level, "%s/%s: %s", metadata.namespace, metadata.name, event.message)
        await self.cluster.emit(about, event)
