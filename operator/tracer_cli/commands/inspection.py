"""The commands `status`, `explain`, and `revisions`: what a cluster reports."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from tracer_cli.exit_codes import ExitCode
from tracer_cli.kube import read, resolve_namespace
from tracer_cli.options import Namespace, RouterName
from tracer_cli.output import print_outline, print_table

__all__ = ["explain", "revisions", "status"]


def status(
    name: Annotated[
        str | None, typer.Argument(help="Name of one router. Default: all routers.")
    ] = None,
    namespace: Namespace = None,
) -> int:
    """Show the routers of a namespace."""
    from tracer_cli.explain import tabulate_routers  # noqa: PLC0415 - slow to import

    routers, _ = read(resolve_namespace(namespace), name)
    print_table(tabulate_routers(routers))
    return ExitCode.SUCCESS


def explain(name: RouterName, namespace: Namespace = None) -> int:
    """Show the state of a router, the reason for it, and what is missing.

    The output lists the conditions, the traces, every revision with its certificate,
    its evidence, and its guards, and the next transition.
    """
    from tracer_cli.explain import explain_router  # noqa: PLC0415 - slow to import

    routers, found = read(resolve_namespace(namespace), name)
    own = [revision for revision in found if revision.spec.router == name]
    print_outline(explain_router(routers[0], own, datetime.now(UTC)))
    return ExitCode.SUCCESS


def revisions(name: RouterName, namespace: Namespace = None) -> int:
    """Show the revisions of a router, the newest first."""
    from tracer_cli.explain import tabulate_revisions  # noqa: PLC0415 - slow to import

    _, found = read(resolve_namespace(namespace), name)
    own = [revision for revision in found if revision.spec.router == name]
    print_table(tabulate_revisions(own))
    return ExitCode.SUCCESS
