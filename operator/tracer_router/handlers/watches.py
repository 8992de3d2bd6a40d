"""Watches: which change of an object triggers a reconcile of which router.

These are low-level event handlers. They do not write to the objects, do not require a
finalizer, and receive every change, which is all that a level-triggered reconcile
requires.
"""

from collections.abc import Mapping
from typing import Any

import kopf

from tracer_core.constants import GROUP, VERSION
from tracer_router.handlers.workqueue import WorkQueue
from tracer_router.resources.manifest import ROUTER_LABEL

__all__ = ["register_watches"]

_CHILDREN = (
    ("apps", "v1", "deployments"),
    ("batch", "v1", "jobs"),
    ("", "v1", "services"),
    ("", "v1", "pods"),
    (GROUP, VERSION, "tracerrevisions"),
)


def register_watches(registry: kopf.OperatorRegistry, queue: WorkQueue) -> None:
    """Register one handler for the routers and one for each kind of child."""

    async def enqueue_router(*, namespace: str | None, name: str, **_: Any) -> None:
        queue.add((namespace or "", name))

    async def enqueue_owner(
        *, namespace: str | None, labels: Mapping[str, str], **_: Any
    ) -> None:
        queue.add((namespace or "", labels[ROUTER_LABEL]))

    kopf.on.event(GROUP, VERSION, "tracerrouters", registry=registry)(enqueue_router)
    for group, version, plural in _CHILDREN:
        owned = {ROUTER_LABEL: kopf.PRESENT}
        kopf.on.event(group, version, plural, labels=owned, registry=registry)(
            enqueue_owner
        )
