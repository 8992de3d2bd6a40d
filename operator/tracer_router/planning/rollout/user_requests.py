"""Execution of the requests of users; a request that is impossible is refused."""

from dataclasses import dataclass, replace
from datetime import datetime

from tracer_router.api import RevisionPhase, TracerRevision, TracerRouter
from tracer_router.planning.rollout.transitions import (
    begin_rollout,
    enter_phase,
    set_status,
)
from tracer_router.planning.state.certificate_validity import find_invalidation
from tracer_router.planning.state.commands import (
    COMMAND_PREFIX,
    Command,
    CommandRequest,
    invalid_request_ids,
    pending_requests,
)
from tracer_router.planning.state.plan import EventRecord, EventType

__all__ = ["RequestOutcome", "handle_requests"]

_MAX_HANDLED_IDS = 100
_ROLLING = frozenset({RevisionPhase.SHADOW, RevisionPhase.CANARY})
_TARGETS = {
    Command.ABORT: _ROLLING,
    Command.ROLLBACK: _ROLLING | {RevisionPhase.LIVE},
    Command.PROMOTE: _ROLLING,
    Command.RETRY: frozenset({RevisionPhase.ROLLED_BACK}),
}
"""The phases in which a command is possible."""


@dataclass(frozen=True, slots=True)
class RequestOutcome:
    """The result of all pending requests."""

    revisions: tuple[TracerRevision, ...]
    """The revisions afterwards, each with the IDs of the requests executed on it."""
    events: tuple[EventRecord, ...] = ()
    """The Events to emit."""
    refused: tuple[str, ...] = ()
    """IDs of the requests that were refused."""


def handle_requests(
    router: TracerRouter, revisions: tuple[TracerRevision, ...], now: datetime
) -> RequestOutcome:
    """Execute every pending request about a revision, and return the result.

    `retrain` is about the router and belongs to `planning.attempts.retraining`.
    """
    outcome = RequestOutcome(revisions)
    for request_id in invalid_request_ids(router):
        message = (
            f"annotation {COMMAND_PREFIX}{request_id} is not a valid command; use "
            "retrain, or abort, rollback, retry, or promote with a revision number"
        )
        outcome = _refuse(outcome, request_id, message)
    for request in pending_requests(router, revisions):
        if request.command is not Command.RETRAIN:
            outcome = _handle_request(router, outcome, request, now)
    return outcome


def _handle_request(
    router: TracerRouter,
    outcome: RequestOutcome,
    request: CommandRequest,
    now: datetime,
) -> RequestOutcome:
    targets = (
        revision
        for revision in outcome.revisions
        if revision.spec.revision == request.revision
    )
    target = next(targets, None)
    if target is None:
        return _refuse(outcome, request.id, f"{request}: the revision does not exist")
    objection = _objection(router, outcome, request, target)
    if objection is not None:
        return _refuse(outcome, request.id, f"{request}: {objection}")
    done = _with_id(_execute(outcome, request, target, now), request.id)
    revisions = tuple(
        done if revision is target else revision for revision in outcome.revisions
    )
    event = EventRecord(request.command.value.capitalize(), f"{request}: done")
    return replace(outcome, revisions=revisions, events=(*outcome.events, event))


def _objection(
    router: TracerRouter,
    outcome: RequestOutcome,
    request: CommandRequest,
    target: TracerRevision,
) -> str | None:
    """Return why a request is impossible; None if it is possible."""
    phase, possible = target.status.phase, _TARGETS[request.command]
    if phase not in possible:
        names = " or ".join(sorted(possible))
        return f"the revision must be {names}, but is {phase or 'new'}"
    if request.command is not Command.RETRY:
        return None
    invalidation = find_invalidation(router, target)
    if invalidation is not None:
        return invalidation.message
    for revision in outcome.revisions:
        if revision.status.phase in _ROLLING:
            number = revision.spec.revision
            return f"revision {number} is being rolled out; abort it first"
    return None


def _execute(
    outcome: RequestOutcome,
    request: CommandRequest,
    target: TracerRevision,
    now: datetime,
) -> TracerRevision:
    suffix = f"by request {request.id}"
    match request.command:
        case Command.PROMOTE:
            return set_status(target, approved=True)
        case Command.RETRY:
            phases = {revision.status.phase for revision in outcome.revisions}
            unserved = RevisionPhase.LIVE not in phases
            return begin_rollout(target, f"retried {suffix}", now, unserved=unserved)
        case _:
            abort = request.command is Command.ABORT
            reason = f"{'aborted' if abort else 'rolled back'} {suffix}"
            return enter_phase(target, RevisionPhase.ROLLED_BACK, reason, now)


def _with_id(revision: TracerRevision, request_id: str) -> TracerRevision:
    handled = (*revision.status.handled, request_id)
    return set_status(revision, handled=handled[-_MAX_HANDLED_IDS:])


def _refuse(outcome: RequestOutcome, request_id: str, message: str) -> RequestOutcome:
    event = EventRecord("RequestRefused", message, EventType.WARNING)
    return replace(
        outcome,
        refused=(*outcome.refused, request_id),
        events=(*outcome.events, event),
    )
