"""The whole behaviour on one page: what was observed, and now, to a plan."""

from datetime import datetime, timedelta

from tracer_router.api import (
    Reason,
    RevisionPhase,
    TracerRevision,
    TracerRevisionStatus,
)
from tracer_router.planning.attempts.retraining import RetrainingTrigger
from tracer_router.planning.attempts.training import (
    begin_attempt,
    conclude_training,
    pass_through,
)
from tracer_router.planning.evidence.evidence import fold_evidence
from tracer_router.planning.objects.children import plan_children, plan_deletions
from tracer_router.planning.rollout.candidate import evaluate_candidate
from tracer_router.planning.rollout.live import evaluate_live, restore_previous
from tracer_router.planning.rollout.policy import plan_policy
from tracer_router.planning.rollout.user_requests import handle_requests
from tracer_router.planning.state.observed import JobState, Observed
from tracer_router.planning.state.plan import EventRecord, EventType, Plan
from tracer_router.planning.state.roles import RevisionRoles, assign_roles
from tracer_router.planning.status.summary import StatusInputs, build_status
from tracer_router.resources.installation import Installation
from tracer_router.savings.pods import PodPrices

__all__ = ["plan_reconcile"]

_SOON = timedelta(seconds=2)
_AT_REST = timedelta(seconds=10)
_NAMED = {Reason.TEACHER_CHANGED, Reason.INPUTS_CHANGED}
"""Causes that have an Event of their own."""
_FAILED = frozenset({RevisionPhase.REJECTED, RevisionPhase.ROLLED_BACK})
"""Phases whose Event is a warning."""


def plan_reconcile(
    observed: Observed, installation: Installation, now: datetime
) -> Plan:
    """Decide everything that is next for one router."""
    counted = _with_evidence(observed)
    carried = handle_requests(observed, counted, now)
    revisions, missing = _judge(carried.revisions, observed, now)
    revisions = _supersede(restore_previous(observed, counted, revisions, now), now)
    outlook = RetrainingTrigger(observed, revisions, now)
    begun = _begin(observed, revisions, installation.runtime_image, outlook)
    roles = assign_roles(revisions)
    policy = plan_policy(observed, revisions, roles)
    missing = missing or _waiting(roles, outlook)
    wanted = plan_children(observed, revisions, roles, installation, now)
    return Plan(
        create=(begun,) if begun else (),
        policy=policy,
        apply=wanted,
        delete=plan_deletions(observed, revisions, wanted),
        revisions=revisions,
        status=build_status(
            observed,
            revisions,
            policy,
            StatusInputs(missing, carried.refused),
            PodPrices(installation.core_hour, installation.gib_hour),
            now,
        ),
        events=carried.events + _events(observed, revisions),
        urgent=frozenset(pod.revision for pod in observed.pods if pod.leaving),
        requeue_after=_SOON
        if begun or roles != RevisionRoles(roles.stable)
        else _AT_REST,
    )


def _begin(
    observed: Observed,
    revisions: tuple[TracerRevision, ...],
    image: str,
    outlook: RetrainingTrigger,
) -> TracerRevision | None:
    if not revisions:
        return pass_through(observed.router, image)
    if outlook.due is None:
        return None
    return begin_attempt(observed, revisions, image, outlook.now, outlook.due)


def _with_evidence(observed: Observed) -> tuple[TracerRevision, ...]:
    return tuple(
        _update(
            each,
            phase=each.status.phase or _first_phase(each),
            evidence=fold_evidence(
                each.status.evidence, observed.pods_of(each.spec.revision)
            ),
        )
        for each in observed.revisions
    )


def _first_phase(revision: TracerRevision) -> RevisionPhase:
    trains = revision.spec.attempt is not None
    return RevisionPhase.TRAINING if trains else RevisionPhase.PASSTHROUGH


def _judge(
    revisions: tuple[TracerRevision, ...], observed: Observed, now: datetime
) -> tuple[tuple[TracerRevision, ...], str]:
    judged, missing = [], ""
    for revision in revisions:
        match revision.status.phase:
            case RevisionPhase.TRAINING:
                judged.append(conclude_training(observed, revision, now))
            case RevisionPhase.SHADOW | RevisionPhase.CANARY:
                progress = evaluate_candidate(observed, revisions, revision, now)
                judged.append(progress.revision)
                missing = progress.missing or missing
            case RevisionPhase.LIVE:
                progress = evaluate_live(observed, revision, now)
                judged.append(progress.revision)
                missing = progress.missing or missing
            case _:
                judged.append(revision)
    return tuple(judged), missing


def _supersede(
    revisions: tuple[TracerRevision, ...], now: datetime
) -> tuple[TracerRevision, ...]:
    live = [each for each in revisions if each.status.phase is RevisionPhase.LIVE]
    older = {each.spec.revision for each in live[:-1]}
    reason = f"revision {live[-1].spec.revision} serves" if older else ""
    return tuple(
        _update(each, phase=RevisionPhase.SUPERSEDED, step_since=now, reason=reason)
        if each.spec.revision in older
        else each
        for each in revisions
    )


def _waiting(roles: RevisionRoles, outlook: RetrainingTrigger) -> str:
    if roles.training is not None:
        number = roles.training.spec.revision
        trouble = outlook.observed.jobs.get(number, JobState()).trouble
        why = f", but a pod of it does not start: {trouble}" if trouble else ""
        return f"attempt {number} is being trained{why}"
    if roles.candidate is not None:  # certified a moment ago
        return f"revision {roles.candidate.spec.revision}: its pods are being created"
    return outlook.missing


def _events(
    observed: Observed, revisions: tuple[TracerRevision, ...]
) -> tuple[EventRecord, ...]:
    found = []
    for each in revisions:
        before = observed.revision(each.spec.revision)
        old, new = before.status if before else None, each.status
        same = old and _stage(old) == _stage(new)
        reason = f": {new.reason}" if new.reason else ""
        if not same and new.phase is not None:
            step = "" if new.rollout_step is None else f", step {new.rollout_step + 1}"
            message = f"revision {each.spec.revision}: {new.phase}{step}"
            kind = EventType.WARNING if new.phase in _FAILED else EventType.NORMAL
            found.append(EventRecord(new.phase.value, message + reason, kind))
        if new.cause in _NAMED and (old is None or new.cause != old.cause):
            message = f"revision {each.spec.revision}{reason}"
            found.append(EventRecord(new.cause, message, EventType.WARNING))
        for cell in new.closed[len(old.closed) if old else 0 :]:
            message = (
                f"revision {each.spec.revision}: cell {cell.cell!r} was returned to "
                f"the teacher: {cell.reason}"
            )
            found.append(EventRecord("CellClosed", message, EventType.WARNING))
    return tuple(found)


def _stage(status: TracerRevisionStatus) -> tuple[object, ...]:
    """Give what people want to hear of when it changes."""
    return status.phase, status.rollout_step


def _update(revision: TracerRevision, **changes: object) -> TracerRevision:
    changes["observed_generation"] = revision.metadata.generation or -1
    status = revision.status.model_copy(update=changes)
    return revision.model_copy(update={"status": status})
