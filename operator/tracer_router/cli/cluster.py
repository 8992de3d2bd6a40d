"""The verbs that talk to a cluster: `status` and `explain`."""

import argparse
import asyncio
import os
from pathlib import Path
from typing import Any

from tracer_router.cli.explanation import explain, tabulate
from tracer_router.errors import NotFound, SpecError

__all__ = ["add_cluster_verbs"]


def add_cluster_verbs(verbs: "argparse._SubParsersAction[Any]") -> None:
    """Add `status` and `explain` to the root parser."""
    status = verbs.add_parser("status", help="show the routers of a namespace")
    status.add_argument("name", nargs="?", help="one router; all when absent")
    status.set_defaults(run=_status)
    why = verbs.add_parser("explain", help="say why a router is where it is")
    why.add_argument("name", help="the router")
    why.set_defaults(run=_explain)
    for parser in (status, why):
        parser.add_argument("-n", "--namespace", help="default: that of the context")


def _status(arguments: argparse.Namespace) -> int:
    routers, _ = asyncio.run(_read(_namespace(arguments), arguments.name))
    print(tabulate(routers))
    return 0


def _explain(arguments: argparse.Namespace) -> int:
    routers, revisions = asyncio.run(_read(_namespace(arguments), arguments.name))
    mine = [each for each in revisions if each.spec.router == arguments.name]
    print(explain(routers[0], mine))
    return 0


def _namespace(arguments: argparse.Namespace) -> str:
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


async def _read(namespace: str, name: str | None) -> tuple[list[Any], list[Any]]:
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
