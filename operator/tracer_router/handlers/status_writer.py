"""Writes the status of routers and revisions; limits the rate of changing figures."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tracer_core.constants import API_VERSION
from tracer_router.api import ObjectMeta, TracerRouter, TracerRouterStatus
from tracer_router.cluster.interfaces import ClusterClient
from tracer_router.planning.state.observed import Observed
from tracer_router.planning.state.plan import Plan
from tracer_router.resources.manifest import Manifest
from tracer_router.resources.revision import build_revision_status

__all__ = ["StatusWriter"]

_FIGURES_INTERVAL_SECONDS = 10.0
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
"""Fields that change with the traffic. A change of these fields alone is written at
most once in `_FIGURES_INTERVAL_SECONDS`."""


@dataclass
class StatusWriter:
    """The only writer of the status of routers and revisions."""

    cluster: ClusterClient
    clock: Callable[[], float] = time.monotonic
    _written: dict[str, float] = field(default_factory=dict)

    async def write(self, observed: Observed, plan: Plan) -> None:
        """Write the statuses that changed: decisions at once, figures less often."""
        before = {
            revision.metadata.name: revision.status for revision in observed.revisions
        }
        for revision in plan.revisions:
            old = before[revision.metadata.name].to_manifest()
            urgent = revision.spec.revision in plan.urgent
            await self._write(old, build_revision_status(revision), urgent=urgent)
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
            "kind": TracerRouter.resource.kind,
            "metadata": {"name": metadata.name, "namespace": metadata.namespace},
            "status": after.to_manifest(),
        }
        await self._write(before.to_manifest(), manifest)

    async def _write(
        self, old: dict[str, Any], manifest: Manifest, *, urgent: bool = False
    ) -> None:
        new = manifest["status"]
        if old == new:
            return
        metadata = manifest["metadata"]
        key = f"{manifest['kind']}/{metadata['namespace']}/{metadata['name']}"
        age = self.clock() - self._written.get(key, -_FIGURES_INTERVAL_SECONDS)
        recent = age < _FIGURES_INTERVAL_SECONDS and not urgent
        if recent and _without_figures(old) == _without_figures(new):
            return
        await self.cluster.apply_status(manifest)
        self._written[key] = self.clock()


def _without_figures(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without_figures(item)
            for key, item in value.items()
            if key not in _FIGURES
        }
    if isinstance(value, list):
        return [_without_figures(item) for item in value]
    return value
