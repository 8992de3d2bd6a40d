"""A person's word to annotations of a router: pure."""

from collections.abc import Sequence
from datetime import datetime

from tracer_core.errors import SpecError
from tracer_router.api import RevisionPhase, TracerRevision, TracerRouter
from tracer_router.planning.state.commands import PAUSED, VERB_PREFIX, Verb

__all__ = ["Annotations", "ask", "pause", "resume", "target_of"]

Annotations = dict[str, str | None]
"""Annotations to set; None removes."""

_WHERE = {
    Verb.PROMOTE: frozenset({RevisionPhase.SHADOW, RevisionPhase.CANARY}),
    Verb.ABORT: frozenset({RevisionPhase.SHADOW, RevisionPhase.CANARY}),
    Verb.ROLLBACK: frozenset({RevisionPhase.LIVE}),
    Verb.RETRY: frozenset({RevisionPhase.ROLLED_BACK}),
}


def ask(
    router: TracerRouter, verb: Verb, revision: int | None, key: str
) -> Annotations:
    """Give the annotation of a request, and take away those that are answered."""
    answered = {f"{VERB_PREFIX}{each}" for each in router.status.handled}
    found: Annotations = {
        name: None for name in router.metadata.annotations if name in answered
    }
    text = verb.value if revision is None else f"{verb.value} {revision}"
    return {**found, f"{VERB_PREFIX}{key}": text}


def pause(now: datetime) -> Annotations:
    """Give the annotation that holds rollouts and attempts."""
    return {PAUSED: now.isoformat(timespec="seconds").replace("+00:00", "Z")}


def resume() -> Annotations:
    """Give what takes the pause away."""
    return {PAUSED: None}


def target_of(
    verb: Verb, named: int | None, revisions: Sequence[TracerRevision]
) -> int | None:
    """Give the revision that a verb is about: the one named, else the one meant.

    Raises:
        SpecError: There is none that the verb could be about.
    """
    if verb is Verb.RETRAIN:
        return None
    if named is not None:
        return named
    meant = [each for each in revisions if each.status.phase in _WHERE[verb]]
    if not meant:
        phases = " or ".join(sorted(_WHERE[verb]))
        raise SpecError(f"no revision is {phases}: name one with --revision")
    return max(each.spec.revision for each in meant)
