"""Carries out what people asked for, or says why it cannot be done."""

from dataclasses import dataclass, replace
from datetime import datetime

from tracer_router.api import RevisionPhase, TracerRevision
from tracer_router.planning.rollout.transitions import (
    begin_rollout,
    enter_phase,
    set_status,
)
from tracer_router.planning.state.certificate_validity import find_invalidation
from tracer_router.planning.state.commands import (
    Command,
    CommandRequest,
    pending_requests,
    unreadable_requests,
)
from tracer_router.planning.state.observed import Observed
from tracer_router.planning.state.plan import EventRecord, EventType

__all__ = ["RequestOutcome", "handle_requests"]

_KEPT_IDS = 100
_ROLLING = frozenset({RevisionPhase.SHADOW, RevisionPhase.CANARY})
_TARGETS = {
    Command.ABORT: _ROLLING,
    Command.ROLLBACK: _ROLLING | {RevisionPhase.LIVE},
    Command.PROMOTE: _ROLLING,
    Command.RETRY: frozenset({RevisionPhase.ROLLED_BACK}),
}


@dataclass(frozen=True, slots=True)
class RequestOutcome:
    """What became of the requests."""

    revisions: tuple[TracerRevision, ...]
    """The revisions after them, each with the ids of those done on it."""
    events: tuple[EventRecord, ...] = ()
    """What people are told."""
    refused: tuple[str, ...] = ()
    """Ids that will never be done."""


def handle_requests(
    observed: Observed, revisions: tuple[TracerRevision, ...], now: datetime
) -> RequestOutcome:
    """Do every open request about a revision; `retrain` is for `retraining`."""
    carried = RequestOutcome(revisions)
    for key in unreadable_requests(observed.router):
        carried = _refuse(carried, key, "it says no verb and revision that are known")
    for request in pending_requests(observed.router, revisions):
        if request.verb is not Command.RETRAIN:
            carried = _handle_request(observed, carried, request, now)
    return carried


def _handle_request(
    observed: Observed, carried: RequestOutcome, request: CommandRequest, now: datetime
) -> RequestOutcome:
    target = next(
        (each for each in carried.revisions if each.spec.revision == request.revision),
        None,
    )
    if target is None:
        return _refuse(carried, request.id, f"{request}: there is no such revision")
    why_not = _objection(observed, carried, request, target)
    if why_not is not None:
        return _refuse(carried, request.id, f"{request}: {why_not}")
    done = _with_id(_effect(carried, request, target, now), request.id)
    revisions = tuple(
        done if each.spec.revision == request.revision else each
        for each in carried.revisions
    )
    told = EventRecord(request.verb.value.capitalize(), f"{request}: done")
    return replace(carried, revisions=revisions, events=(*carried.events, told))


def _objection(
    observed: Observed,
    carried: RequestOutcome,
    request: CommandRequest,
    target: TracerRevision,
) -> str | None:
    phase = target.status.phase
    if phase not in _TARGETS[request.verb]:
        return f"it is {phase.value if phase else 'new'}"
    if request.verb is not Command.RETRY:
        return None
    invalidation = find_invalidation(observed.router, target)
    if invalidation is not None:
        return invalidation.message
    rolling = [each for each in carried.revisions if each.status.phase in _ROLLING]
    if rolling:
        return (
            f"revision {rolling[0].spec.revision} is being rolled out: abort it first"
        )
    return None


def _effect(
    carried: RequestOutcome,
    request: CommandRequest,
    target: TracerRevision,
    now: datetime,
) -> TracerRevision:
    reason = f"by request {request.id}"
    match request.verb:
        case Command.PROMOTE:
            return set_status(target, approved=True)
        case Command.RETRY:
            live = any(
                each.status.phase is RevisionPhase.LIVE for each in carried.revisions
            )
            return begin_rollout(
                target, f"tried again {reason}", now, unserved=not live
            )
        case _:
            ended = f"{'aborted' if request.verb is Command.ABORT else 'rolled back'}"
            return enter_phase(
                target, RevisionPhase.ROLLED_BACK, f"{ended} {reason}", now
            )


def _with_id(revision: TracerRevision, key: str) -> TracerRevision:
    return set_status(revision, handled=(*revision.status.handled, key)[-_KEPT_IDS:])


def _refuse(carried: RequestOutcome, key: str, why: str) -> RequestOutcome:
    return replace(
        carried,
        refused=(*carried.refused, key),
        events=(*carried.events, EventRecord("RequestRefused", why, EventType.WARNING)),
    )
