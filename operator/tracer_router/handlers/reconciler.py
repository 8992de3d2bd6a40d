"""One reconcile: observe, plan, execute, write the status. Nothing is decided here."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tracer_core.errors import Forbidden, RetryLater, SpecError
from tracer_router.api import TracerRouter
from tracer_router.cluster.execute import execute
from tracer_router.cluster.interfaces import ClusterClient, PodClient
from tracer_router.cluster.observe import observe, read_router
from tracer_router.handlers.status_writer import StatusWriter, failed_status
from tracer_router.handlers.workqueue import Key
from tracer_router.planning.reconcile import plan_reconcile
from tracer_router.resources.installation import Installation
from tracer_router.resources.manifest import ObjectKey

__all__ = ["Reconciler"]

_LOG = logging.getLogger(__name__)
_STALLED_RETRY_SECONDS = timedelta(minutes=1)
_RETRY_LATER_SECONDS = timedelta(seconds=2)


@dataclass
class Reconciler:
    """Brings one router closer to its spec."""

    installation: Installation
    cluster: ClusterClient
    pods: PodClient
    writer: StatusWriter
    now: Callable[[], datetime]

    async def reconcile(self, key: Key) -> timedelta | None:
        """Reconcile one router; say when to look again, None when it is gone."""
        namespace, name = key
        manifest = await self.cluster.get(namespace, ObjectKey("TracerRouter", name))
        if manifest is None or "deletionTimestamp" in manifest["metadata"]:
            return None
        try:
            router = read_router(manifest)
        except SpecError as error:
            # A shape that this version cannot even read has no status to write to.
            _LOG.warning("%s/%s: %s", namespace, name, error)
            return _STALLED_RETRY_SECONDS
        return await self._reconcile(router)

    async def _reconcile(self, router: TracerRouter) -> timedelta:
        try:
            observed = await observe(self.cluster, self.pods, router)
            plan = plan_reconcile(observed, self.installation, self.now())
            await execute(self.cluster, self.pods, observed, plan)
        except Exception as error:
            status = failed_status(router, error, self.now())
            await self.writer.write_router(router, status)
            if isinstance(error, RetryLater):
                return _RETRY_LATER_SECONDS
            if isinstance(error, SpecError | Forbidden):
                return _STALLED_RETRY_SECONDS
            raise
        await self.writer.write(observed, plan)
        for happening in plan.happenings:
            about = {
                "apiVersion": router.api_version,
                "kind": router.kind,
                "metadata": router.metadata.to_manifest(),
            }
            _LOG.info("%s: %s", router.metadata.name, happening.message)
            await self.cluster.emit(about, happening.reason, happening.message)
        return plan.requeue_after
