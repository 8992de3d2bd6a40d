"""The whole behaviour on one page: what was observed, and now, to a plan."""

from datetime import datetime, timedelta

from tracer_router.api import RevisionPhase, TracerRevision
from tracer_router.planning.children import plan_children, plan_deletions
from tracer_router.planning.evidence import fold_evidence
from tracer_router.planning.observed import Observed
from tracer_router.planning.plan import Happening, Plan
from tracer_router.planning.policy import plan_policy
from tracer_router.planning.roles import Roles, assign_roles
from tracer_router.planning.rollout import advance
from tracer_router.planning.summary import summarise
from tracer_router.planning.training import (
    conclude_training,
    labelled_rows,
    next_attempt,
    pass_through,
    rows_needed,
)
from tracer_router.resources.installation import Installation

__all__ = ["plan_reconcile"]

_SOON = timedelta(seconds=2)
_AT_REST = timedelta(seconds=10)


def plan_reconcile(
    observed: Observed, installation: Installation, now: datetime
) -> Plan:
    """Decide everything that is next for one router."""
    image = installation.runtime_image
    revisions, missing = _judge(_with_evidence(observed), observed, now)
    revisions = _supersede(revisions, now)
    begun = pass_through(observed.router, image) if not revisions else None
    begun = begun or next_attempt(observed, revisions, image, now)
    roles = assign_roles(revisions)
    policy = plan_policy(observed, revisions)
    missing = missing or _waiting(observed, revisions, roles)
    wanted = plan_children(observed, revisions, roles, installation, now)
    return Plan(
        create=(begun,) if begun else (),
        policy=policy,
        apply=wanted,
        delete=plan_deletions(observed, revisions, wanted),
        revisions=revisions,
        status=summarise(observed, revisions, policy, missing, now, roles),
        happenings=_happenings(observed, revisions),
        look_again_in=_SOON if begun or roles != Roles(roles.stable) else _AT_REST,
    )


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
            case RevisionPhase.CANARY | RevisionPhase.LIVE:
                progress = advance(observed, revision, now)
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


def _waiting(
    observed: Observed, revisions: tuple[TracerRevision, ...], roles: Roles
) -> str:
    if roles.training is not None:
        return f"attempt {roles.training.spec.revision} is being trained"
    needed = rows_needed(observed.router, revisions)
    rows = labelled_rows(revisions)
    if rows >= needed:
        return "the next attempt is being made"
    return (
        f"{needed - rows} more labelled requests until the next attempt "
        f"({rows} of {needed})"
    )


def _happenings(
    observed: Observed, revisions: tuple[TracerRevision, ...]
) -> tuple[Happening, ...]:
    found = []
    for each in revisions:
        before = observed.revision(each.spec.revision)
        old, new = before.status if before else None, each.status
        same = old and (old.phase, old.rollout_step) == (new.phase, new.rollout_step)
        if not same and new.phase is not None:
            step = "" if new.rollout_step is None else f", step {new.rollout_step + 1}"
            message = f"revision {each.spec.revision}: {new.phase}{step}"
            reason = f": {new.reason}" if new.reason else ""
            found.append(Happening(new.phase.value, message + reason))
    return tuple(found)


def _update(revision: TracerRevision, **changes: object) -> TracerRevision:
    changes["observed_generation"] = revision.metadata.generation or -1
    status = revision.status.model_copy(update=changes)
    return revision.model_copy(update={"status": status})
