"""The root parser; every verb is a function of its arguments to an exit code."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tracer_cli.cluster import add_cluster_commands
from tracer_cli.fit import add_fit
from tracer_cli.maintain import add_maintain
from tracer_cli.predict import add_predict
from tracer_cli.rollout_commands import add_rollout_commands
from tracer_cli.scan import add_scan
from tracer_cli.serve import add_serve
from tracer_cli.verify import add_verify
from tracer_core import __version__
from tracer_core.errors import InputError, TracerRouterError

__all__ = ["build_parser", "main"]

_WRONG = 2


def build_parser() -> argparse.ArgumentParser:
    """Give the parser with every verb."""
    parser = argparse.ArgumentParser(
        prog="tracer-router",
        description="Move the repetitive part of LLM traffic to a certified surrogate.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    add_cluster_commands(verbs)
    add_rollout_commands(verbs)
    add_fit(verbs)
    add_predict(verbs)
    add_scan(verbs)
    add_verify(verbs)
    add_serve(verbs)
    add_maintain(verbs)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and give its exit code.

    0 is success, 1 an error told on stderr, 2 a wrong call or an input that cannot be
    used, 3 a refusal with its reason.
    """
    chosen = _parse(arguments)
    try:
        return int(chosen.run(chosen))
    except TracerRouterError as error:
        print(f"tracer-router: {error}", file=sys.stderr)
        return _WRONG if isinstance(error, InputError) else 1
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing may be written at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = build_parser()
    chosen, rest = parser.parse_known_args(arguments)
    # argparse takes an optional word for absent once an option has come before it.
    late = getattr(chosen, "late", None)
    if rest and late and getattr(chosen, late) is None and rest[0][:1] != "-":
        setattr(chosen, late, Path(rest.pop(0)))
    if rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    return chosen
