"""The verbs by which a person moves a rollout, and `revisions`."""

import argparse
import asyncio
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tracer_cli.explain import list_revisions
from tracer_cli.kube import annotate, read, resolve_namespace
from tracer_cli.user_annotations import (
    Annotations,
    pause,
    request_command,
    resume,
    target_of,
)
from tracer_router.planning.state.commands import Command

__all__ = ["add_rollout_commands"]

_HELP = {
    Command.PROMOTE: "go to full weight without waiting for the traffic period",
    Command.ABORT: "end the rollout of the candidate",
    Command.ROLLBACK: "take the live revision out of service",
    Command.RETRY: "try a rolled-back revision again, with all that was counted of it",
    Command.RETRAIN: "begin an attempt at a certificate now",
}


def add_rollout_commands(verbs: "argparse._SubParsersAction[Any]") -> None:
    """Add the verbs to the root parser."""
    parsers = []
    for verb, text in _HELP.items():
        parser = verbs.add_parser(verb.value, help=text)
        if verb is not Command.RETRAIN:
            parser.add_argument("--revision", type=int, help="default: the one meant")
        parser.set_defaults(run=_command_handler(verb))
        parsers.append(parser)
    for name, text, run in (
        ("pause", "hold rollout and attempts; going back stays automatic", _pause),
        ("resume", "go on", _resume),
        ("revisions", "show the revisions of a router", _revisions),
    ):
        parser = verbs.add_parser(name, help=text)
        parser.set_defaults(run=run)
        parsers.append(parser)
    for parser in parsers:
        parser.add_argument("name", help="the router")
        parser.add_argument("-n", "--namespace", help="default: that of the context")


def _command_handler(verb: Command) -> Callable[[argparse.Namespace], int]:
    def run(arguments: argparse.Namespace) -> int:
        namespace = resolve_namespace(arguments)
        routers, revisions = asyncio.run(read(namespace, arguments.name))
        mine = [each for each in revisions if each.spec.router == arguments.name]
        named = getattr(arguments, "revision", None)
        number = target_of(verb, named, mine)
        key = f"{datetime.now(UTC):%Y%m%dt%H%M%S}-{secrets.token_hex(3)}"
        _annotate(arguments, request_command(routers[0], verb, number, key))
        about = "" if number is None else f" of revision {number}"
        print(f"asked for {verb}{about} ({key}); `explain` says what became of it")
        return 0

    return run


def _pause(arguments: argparse.Namespace) -> int:
    _annotate(arguments, pause(datetime.now(UTC)))
    print("paused: no step, no attempt; what speaks against a revision still counts")
    return 0


def _resume(arguments: argparse.Namespace) -> int:
    _annotate(arguments, resume())
    print("resumed")
    return 0


def _revisions(arguments: argparse.Namespace) -> int:
    _, revisions = asyncio.run(read(resolve_namespace(arguments), arguments.name))
    mine = [each for each in revisions if each.spec.router == arguments.name]
    print(list_revisions(mine))
    return 0


def _annotate(arguments: argparse.Namespace, annotations: Annotations) -> None:
    namespace = resolve_namespace(arguments)
    asyncio.run(annotate(namespace, arguments.name, annotations))
