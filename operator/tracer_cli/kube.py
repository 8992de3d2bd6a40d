"""What the verbs read from a cluster, and the one thing that they write."""

import argparse
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tracer_core.errors import NotFound, SpecError
from tracer_router.resources.manifest import ObjectKey

__all__ = ["annotate", "read", "resolve_namespace"]


def resolve_namespace(arguments: argparse.Namespace) -> str:
    """Give the namespace that was named, else that of the context."""
    return arguments.namespace or _context_namespace() or "default"


def _context_namespace() -> str | None:
    from kubernetes.config import list_kube_config_contexts  # noqa: PLC0415
    from kubernetes.config.config_exception import ConfigException  # noqa: PLC0415

    in_pod = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
    if "KUBERNETES_SERVICE_HOST" in os.environ and in_pod.exists():
        return in_pod.read_text().strip()
    try:
        _, active = list_kube_config_contexts()  # type: ignore[no-untyped-call] # untyped upstream
    except ConfigException as error:
        raise SpecError(f"no cluster: {error}; set KUBECONFIG") from None
    found = active["context"].get("namespace")
    return str(found) if found else None


async def annotate(
    namespace: str, name: str, annotations: Mapping[str, str | None]
) -> None:
    """Set annotations of a router; None removes.

    Raises:
        NotFound: There is no such router.
    """
    from tracer_router.cluster.client import connect  # noqa: PLC0415 - as below

    cluster = await connect()
    try:
        key = ObjectKey("TracerRouter", name)
        await cluster.annotate(namespace, key, annotations)
    finally:
        await cluster.close()


async def read(namespace: str, name: str | None) -> tuple[list[Any], list[Any]]:
    """Give the routers of a namespace, or the one named, and all revisions.

    Raises:
        NotFound: There is no such router.
    """
    from tracer_router.api import TracerRevision  # noqa: PLC0415 - offline verbs
    from tracer_router.cluster.client import connect  # noqa: PLC0415 - need no client
    from tracer_router.cluster.observe import read_router  # noqa: PLC0415

    cluster = await connect()
    try:
        found = await cluster.list(namespace, "TracerRouter", {})
        revisions = await cluster.list(namespace, "TracerRevision", {})
    finally:
        await cluster.close()
    chosen = [each for each in found if name in {None, each["metadata"]["name"]}]
    if name is not None and not chosen:
        names = ", ".join(each["metadata"]["name"] for each in found) or "none"
        message = f"no TracerRouter {name} in namespace {namespace}; there: {names}"
        raise NotFound(message)
    routers = [read_router(each) for each in chosen]
    return routers, [TracerRevision.model_validate(each) for each in revisions]
