"""The root parser; every verb is a function of its arguments to an exit code."""

import argparse
import sys
from collections.abc import Sequence

from tracer_router import __version__
from tracer_router.cli.cluster import add_cluster_verbs
from tracer_router.cli.maintenance import add_maintain
from tracer_router.cli.offline import add_offline_verbs
from tracer_router.cli.serving import add_serve
from tracer_router.cli.verbs import add_rollout_verbs
from tracer_router.cli.verification import add_verify
from tracer_router.errors import TracerRouterError

__all__ = ["build_parser", "main"]


def build_parser() -> argparse.ArgumentParser:
    """Give the parser with every verb."""
    parser = argparse.ArgumentParser(
        prog="tracer-router",
        description="Move the repetitive part of LLM traffic to a certified surrogate.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    add_cluster_verbs(verbs)
    add_rollout_verbs(verbs)
    add_offline_verbs(verbs)
    add_verify(verbs)
    add_serve(verbs)
    add_maintain(verbs)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; 0 is success, 1 an error told on stderr, 2 a wrong call."""
    chosen = build_parser().parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except TracerRouterError as error:
        print(f"tracer-router: {error}", file=sys.stderr)
        return 1
