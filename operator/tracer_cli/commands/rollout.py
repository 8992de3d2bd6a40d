"""The commands that control a rollout, as annotations that the operator handles."""

import secrets
from datetime import UTC, datetime
from typing import Annotated

import typer

from tracer_cli.exit_codes import ExitCode
from tracer_cli.kube import annotate, read, resolve_namespace
from tracer_cli.options import Namespace, RouterName

__all__ = ["abort", "pause", "promote", "resume", "retrain", "retry", "rollback"]

_Revision = Annotated[
    int | None,
    typer.Option(
        metavar="N", help="Number of the revision. Default: the newest possible one."
    ),
]


def promote(
    name: RouterName, revision: _Revision = None, namespace: Namespace = None
) -> int:
    """Allow full weight without waiting for the traffic period.

    Does not replace evidence: the candidate moves to full weight when its evidence is
    sufficient. With manual promotion, this is the approval.
    """
    return _request("promote", name, revision, namespace)


def abort(
    name: RouterName, revision: _Revision = None, namespace: Namespace = None
) -> int:
    """End the rollout of the candidate."""
    return _request("abort", name, revision, namespace)


def rollback(
    name: RouterName, revision: _Revision = None, namespace: Namespace = None
) -> int:
    """Take the live revision out of service."""
    return _request("rollback", name, revision, namespace)


def retry(
    name: RouterName, revision: _Revision = None, namespace: Namespace = None
) -> int:
    """Allow a rolled-back revision again, with all audits counted so far."""
    return _request("retry", name, revision, namespace)


def retrain(name: RouterName, namespace: Namespace = None) -> int:
    """Start an attempt at a certificate now."""
    return _request("retrain", name, None, namespace)


def pause(name: RouterName, namespace: Namespace = None) -> int:
    """Stop rollout steps and training; rollback checks stay active."""
    from tracer_cli import user_annotations  # noqa: PLC0415 - slow to import

    change = user_annotations.pause(datetime.now(UTC))
    annotate(resolve_namespace(namespace), name, change)
    print("Paused: no rollout steps or training. Rollback checks stay active.")
    return ExitCode.SUCCESS


def resume(name: RouterName, namespace: Namespace = None) -> int:
    """Continue rollout steps and training after a pause."""
    from tracer_cli import user_annotations  # noqa: PLC0415 - slow to import

    change = user_annotations.resume()
    annotate(resolve_namespace(namespace), name, change)
    print("Resumed: rollout steps and training continue.")
    return ExitCode.SUCCESS


def _request(verb: str, name: str, revision: int | None, namespace: str | None) -> int:
    """Request a command for a revision by an annotation with a unique ID."""
    from tracer_cli import user_annotations  # noqa: PLC0415 - slow to import
    from tracer_router.planning.state.commands import Command  # noqa: PLC0415 - as above

    command, resolved = Command(verb), resolve_namespace(namespace)
    routers, revisions = read(resolved, name)
    own = [found for found in revisions if found.spec.router == name]
    target = user_annotations.select_target(command, revision, own)
    request_id = f"{datetime.now(UTC):%Y%m%dt%H%M%S}-{secrets.token_hex(3)}"
    change = user_annotations.request_command(routers[0], command, target, request_id)
    annotate(resolved, name, change)
    about = "" if target is None else f" for revision {target}"
    print(
        f"{command} requested{about} (id {request_id}). Run `tracer-router explain"
        f" {name}` to see the result."
    )
    return ExitCode.SUCCESS
