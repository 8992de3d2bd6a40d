"""Start and shutdown of the operator: settings, clients, and the work queue."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import aiohttp
import kopf

from tracer_core.constants import GROUP
from tracer_router.cluster.client import connect
from tracer_router.cluster.pod_client import HttpPodClient
from tracer_router.handlers.reconciler import Reconciler
from tracer_router.handlers.status_writer import StatusWriter
from tracer_router.handlers.watches import register_watches
from tracer_router.handlers.workqueue import WorkQueue
from tracer_router.resources.installation import Installation

__all__ = ["build_operator"]


def build_operator(
    installation: Installation,
) -> tuple[kopf.OperatorRegistry, kopf.OperatorSettings]:
    """Return the handlers and the settings of an operator."""
    registry = kopf.OperatorRegistry()
    queue = WorkQueue()
    register_watches(registry, queue)
    _register_login(registry)
    _register_process(registry, installation, queue)
    return registry, _settings()


def _settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    # kopf must not write to any object. If it does, the names belong to this project.
    settings.persistence.finalizer = f"{GROUP}/kopf"
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(
        prefix=GROUP
    )
    settings.persistence.diffbase_storage = kopf.AnnotationsDiffBaseStorage(
        prefix=GROUP
    )
    settings.posting.enabled = False
    # The role is namespaced and does not allow watching CRDs and namespaces.
    settings.scanning.disabled = True
    settings.networking.request_timeout = 60
    settings.networking.connect_timeout = 10
    settings.watching.server_timeout = 600
    return settings


def _register_login(registry: kopf.OperatorRegistry) -> None:
    @kopf.on.login(registry=registry)
    async def login(**kwargs: Any) -> kopf.ConnectionInfo | None:
        return kopf.login_with_service_account(**kwargs) or kopf.login_with_kubeconfig(
            **kwargs
        )


def _register_process(
    registry: kopf.OperatorRegistry, installation: Installation, queue: WorkQueue
) -> None:
    tasks: list[asyncio.Task[None]] = []

    @kopf.on.startup(registry=registry)
    async def start(memo: kopf.Memo, **_: Any) -> None:
        memo.cluster = await connect()
        memo.session = aiohttp.ClientSession()
        reconciler = Reconciler(
            installation=installation,
            cluster=memo.cluster,
            pods=HttpPodClient(memo.session),
            writer=StatusWriter(memo.cluster),
            now=lambda: datetime.now(UTC).replace(microsecond=0),
        )
        tasks.append(asyncio.create_task(queue.run(reconciler.reconcile)))

    @kopf.on.probe(registry=registry)
    async def working(**_: Any) -> bool:
        if any(task.done() for task in tasks):
            raise RuntimeError("the work queue has stopped; restart the operator")
        return True

    @kopf.on.cleanup(registry=registry)
    async def stop(memo: kopf.Memo, **_: Any) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await memo.session.close()
        await memo.cluster.close()
