"""What the commands read from a cluster, and the one change that they make."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tracer_core.errors import NotFound, SpecError

__all__ = ["annotate", "read", "resolve_namespace"]


def resolve_namespace(namespace: str | None) -> str:
    """Return the given namespace, or else the namespace of the kube context."""
    return namespace or _context_namespace() or "default"


def _context_namespace() -> str | None:
    from kubernetes.config import list_kube_config_contexts  # noqa: PLC0415 - slow
    from kubernetes.config.config_exception import ConfigException  # noqa: PLC0415 - slow

    in_pod = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
    if "KUBERNETES_SERVICE_HOST" in os.environ and in_pod.exists():
        return in_pod.read_text().strip()
    try:
        _, active = list_kube_config_contexts()  # type: ignore[no-untyped-call] # untyped upstream
    except ConfigException as error:
        raise SpecError(f"no cluster: {error}; set KUBECONFIG") from None
    found = active["context"].get("namespace")
    return str(found) if found else None


def annotate(namespace: str, name: str, annotations: Mapping[str, str | None]) -> None:
    """Set annotations of a router; None removes an annotation.

    Raises:
        NotFound: The router does not exist.
    """
    import asyncio  # noqa: PLC0415 - slow to import

    asyncio.run(_annotate(namespace, name, annotations))


def read(namespace: str, name: str | None) -> tuple[list[Any], list[Any]]:
    """Return the routers of a namespace, or the named one, and all revisions.

    Raises:
        NotFound: The named router does not exist.
    """
    import asyncio  # noqa: PLC0415 - slow to import

    return asyncio.run(_read(namespace, name))


async def _annotate(
    namespace: str, name: str, annotations: Mapping[str, str | None]
) -> None:
    from tracer_router.cluster.client import connect  # noqa: PLC0415 - slow to import
    from tracer_router.resources.manifest import ObjectKey  # noqa: PLC0415 - as above

    cluster = await connect()
    try:
        key = ObjectKey("TracerRouter", name)
        await cluster.annotate(namespace, key, annotations)
    finally:
        await cluster.close()


async def _read(namespace: str, name: str | None) -> tuple[list[Any], list[Any]]:
    from tracer_router.api import TracerRevision  # noqa: PLC0415 - slow to import
    from tracer_router.cluster.client import connect  # noqa: PLC0415 - as above
    from tracer_router.cluster.parse import parse_router  # noqa: PLC0415 - as above

    cluster = await connect()
    try:
        found = await cluster.list(namespace, "TracerRouter", {})
        revisions = await cluster.list(namespace, "TracerRevision", {})
    finally:
        await cluster.close()
    names = [manifest["metadata"]["name"] for manifest in found]
    if name is not None and name not in names:
        raise NotFound(
            f"TracerRouter {name} not found in namespace {namespace}; existing routers:"
            f" {', '.join(names) or 'none'}"
        )
    routers = [
        parse_router(manifest)
        for manifest, found_name in zip(found, names, strict=True)
        if name in {None, found_name}
    ]
    return routers, [TracerRevision.model_validate(item) for item in revisions]
