"""Rollout commands as annotations of a router, without input or output."""

from collections.abc import Sequence
from datetime import datetime

from tracer_core.errors import SpecError
from tracer_router.api import RevisionPhase, TracerRevision, TracerRouter
from tracer_router.planning.state.commands import COMMAND_PREFIX, PAUSED, Command

__all__ = ["Annotations", "pause", "request_command", "resume", "select_target"]

Annotations = dict[str, str | None]
"""Annotations to set; None removes an annotation."""

_TARGET_PHASES = {
    Command.PROMOTE: frozenset({RevisionPhase.SHADOW, RevisionPhase.CANARY}),
    Command.ABORT: frozenset({RevisionPhase.SHADOW, RevisionPhase.CANARY}),
    Command.ROLLBACK: frozenset({RevisionPhase.LIVE}),
    Command.RETRY: frozenset({RevisionPhase.ROLLED_BACK}),
}


def request_command(
    router: TracerRouter, command: Command, revision: int | None, request_id: str
) -> Annotations:
    """Return the annotation of a request, and remove the handled requests."""
    handled = {f"{COMMAND_PREFIX}{key}" for key in router.status.handled}
    removed: Annotations = {
        name: None for name in router.metadata.annotations if name in handled
    }
    text = command.value if revision is None else f"{command.value} {revision}"
    return {**removed, f"{COMMAND_PREFIX}{request_id}": text}


def pause(now: datetime) -> Annotations:
    """Return the annotation that stops rollout steps and attempts."""
    return {PAUSED: now.isoformat(timespec="seconds").replace("+00:00", "Z")}


def resume() -> Annotations:
    """Return the change that removes the pause."""
    return {PAUSED: None}


def select_target(
    command: Command, requested: int | None, revisions: Sequence[TracerRevision]
) -> int | None:
    """Return the revision that a command targets.

    Args:
        command: The command.
        requested: The revision that the user named, if any.
        revisions: The revisions of the router.

    Returns:
        The named revision; without one, the newest revision in a phase that the
        command applies to; None for a command without a target.

    Raises:
        SpecError: No revision is in such a phase.
    """
    if command is Command.RETRAIN:
        return None
    if requested is not None:
        return requested
    phases = _TARGET_PHASES[command]
    candidates = [
        revision.spec.revision
        for revision in revisions
        if revision.status.phase in phases
    ]
    if not candidates:
        raise SpecError(
            f"{command}: no revision is {' or '.join(sorted(phases))}; select one with"
            " --revision N"
        )
    return max(candidates)
