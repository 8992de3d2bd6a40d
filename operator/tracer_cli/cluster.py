"""The verbs that talk to a cluster: `status` and `explain`."""

import argparse
import asyncio
from datetime import UTC, datetime
from typing import Any

from tracer_cli.explain import explain, tabulate
from tracer_cli.kube import read, resolve_namespace

__all__ = ["add_cluster_commands"]


def add_cluster_commands(verbs: "argparse._SubParsersAction[Any]") -> None:
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
    routers, _ = asyncio.run(read(resolve_namespace(arguments), arguments.name))
    print(tabulate(routers))
    return 0


def _explain(arguments: argparse.Namespace) -> int:
    routers, revisions = asyncio.run(read(resolve_namespace(arguments), arguments.name))
    mine = [each for each in revisions if each.spec.router == arguments.name]
    print(explain(routers[0], mine, datetime.now(UTC)))
    return 0
