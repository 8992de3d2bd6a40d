"""A person's word to annotations of a router: pure."""

from collections.abc import Sequence
from datetime import datetime

from tracer_core.errors import SpecError
from tracer_router.api import RevisionPhase, TracerRevision, TracerRouter
from tracer_router.planning.state.commands import COMMAND_PREFIX, PAUSED, Command

__all__ = ["Annotations", "pause", "request_command", "resume", "target_of"]

Annotations = dict[str, str | None]
"""Annotations to set; None removes."""

_WHERE = {
    Command.PROMOTE: frozenset({RevisionPhase.SHADOW, RevisionPhase.CANARY}),
    Command.ABORT: frozenset({RevisionPhase.SHADOW, RevisionPhase.CANARY}),
    Command.ROLLBACK: frozenset({RevisionPhase.LIVE}),
    Command.RETRY: frozenset({RevisionPhase.ROLLED_BACK}),
}


def request_command(
    router: TracerRouter, verb: Command, revision: int | None, key: str
) -> Annotations:
    """Give the annotation of a request, and take away those that are answered."""
    answered = {f"{COMMAND_PREFIX}{each}" for each in router.status.handled}
    found: Annotations = {
        name: None for name in router.metadata.annotations if name in answered
    }
    text = verb.value if revision is None else f"{verb.value} {revision}"
    return {**found, f"{COMMAND_PREFIX}{key}": text}


def pause(now: datetime) -> Annotations:
    """Give the annotation that holds rollouts and attempts."""
    return {PAUSED: now.isoformat(timespec="seconds").replace("+00:00", "Z")}


def resume() -> Annotations:
    """Give what takes the pause away."""
    return {PAUSED: None}


def target_of(
    verb: Command, named: int | None, revisions: Sequence[TracerRevision]
) -> int | None:
    """Give the revision that a verb is about: the one named, else the one meant.

    Raises:
        SpecError: There is none that the verb could be about.
    """
    if verb is Command.RETRAIN:
        return None
    if named is not None:
        return named
    meant = [each for each in revisions if each.status.phase in _WHERE[verb]]
    if not meant:
        phases = " or ".join(sorted(_WHERE[verb]))
        raise SpecError(f"no revision is {phases}: name one with --revision")
    return max(each.spec.revision for each in meant)
