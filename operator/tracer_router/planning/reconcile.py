"""The plan of one reconcile: from the observed state and the time to all changes."""

from datetime import datetime, timedelta

from tracer_router.api import RevisionPhase, TracerRevision
from tracer_router.planning.attempts.retraining import RetrainingTrigger
from tracer_router.planning.attempts.training import begin_attempt, build_pass_through
from tracer_router.planning.attempts.training_result import conclude_training
from tracer_router.planning.evidence.evidence import fold_evidence
from tracer_router.planning.objects.children import plan_children, plan_deletions
from tracer_router.planning.rollout.candidate import evaluate_candidate
from tracer_router.planning.rollout.evaluation import Evaluation
from tracer_router.planning.rollout.live import evaluate_live, restore_previous
from tracer_router.planning.rollout.policy import plan_policy
from tracer_router.planning.rollout.transitions import enter_phase, set_status
from tracer_router.planning.rollout.user_requests import handle_requests
from tracer_router.planning.state.observed import JobState, Observed
from tracer_router.planning.state.plan import Plan
from tracer_router.planning.state.roles import RevisionRoles, assign_roles
from tracer_router.planning.status.events import plan_events
from tracer_router.planning.status.router_status import StatusInputs, build_status
from tracer_router.resources.installation import Installation
from tracer_router.savings.pods import PodPrices

__all__ = ["plan_reconcile"]

_CHANGING = timedelta(seconds=2)
_AT_REST = timedelta(seconds=10)


def plan_reconcile(
    observed: Observed, installation: Installation, now: datetime
) -> Plan:
    """Return all changes that are next for one router."""
    router = observed.router
    counted = _with_evidence(observed)
    requests = handle_requests(router, counted, now)
    revisions, missing = _evaluate(observed, requests.revisions, now)
    revisions = restore_previous(router, counted, revisions, now)
    revisions = _supersede(revisions, now)
    roles = assign_roles(revisions)
    trigger = RetrainingTrigger(router, revisions, now)
    created = _create(observed, revisions, installation.runtime_image, trigger)
    missing = missing or _missing(observed, roles, trigger)
    policy = plan_policy(observed, revisions, roles)
    children = plan_children(observed, revisions, roles, installation, now)
    return Plan(
        create=created,
        policy=policy,
        apply=children,
        delete=plan_deletions(observed, revisions, children),
        revisions=revisions,
        status=build_status(
            observed,
            StatusInputs(revisions, policy, missing, requests.refused),
            PodPrices(installation.core_hour, installation.gib_hour),
            now,
        ),
        urgent=frozenset(pod.revision for pod in observed.pods if pod.terminating),
        events=requests.events + plan_events(observed.revisions, revisions),
        requeue_after=_AT_REST if roles.settled and not created else _CHANGING,
    )


def _with_evidence(observed: Observed) -> tuple[TracerRevision, ...]:
    """Return the revisions with the evidence that their pods reported."""
    return tuple(
        set_status(
            revision,
            phase=revision.status.phase or _first_phase(revision),
            evidence=fold_evidence(
                revision.status.evidence, observed.pods_of(revision.spec.revision)
            ),
            observed_generation=revision.metadata.generation or -1,
        )
        for revision in observed.revisions
    )


def _first_phase(revision: TracerRevision) -> RevisionPhase:
    if revision.spec.attempt is None:
        return RevisionPhase.PASSTHROUGH
    return RevisionPhase.TRAINING


def _evaluate(
    observed: Observed, revisions: tuple[TracerRevision, ...], now: datetime
) -> tuple[tuple[TracerRevision, ...], str]:
    """Return the evaluated revisions, and what is missing for the next step."""
    evaluations = []
    for revision in revisions:
        match revision.status.phase:
            case RevisionPhase.TRAINING:
                evaluations.append(
                    Evaluation(conclude_training(observed, revision, now))
                )
            case RevisionPhase.SHADOW | RevisionPhase.CANARY:
                evaluations.append(
                    evaluate_candidate(observed, revisions, revision, now)
                )
            case RevisionPhase.LIVE:
                evaluations.append(evaluate_live(observed, revision, now))
            case _:
                evaluations.append(Evaluation(revision))
    missing = [found.missing for found in evaluations if found.missing]
    return (
        tuple(found.revision for found in evaluations),
        missing[-1] if missing else "",
    )


def _supersede(
    revisions: tuple[TracerRevision, ...], now: datetime
) -> tuple[TracerRevision, ...]:
    """Return the revisions with at most one live: the newest."""
    live = [found for found in revisions if found.status.phase is RevisionPhase.LIVE]
    older = {revision.spec.revision for revision in live[:-1]}
    reason = f"revision {live[-1].spec.revision} serves" if older else ""
    return tuple(
        enter_phase(revision, RevisionPhase.SUPERSEDED, reason, now)
        if revision.spec.revision in older
        else revision
        for revision in revisions
    )


def _create(
    observed: Observed,
    revisions: tuple[TracerRevision, ...],
    image: str,
    trigger: RetrainingTrigger,
) -> tuple[TracerRevision, ...]:
    """Return the revision to create, if any: the pass-through, or a due attempt."""
    if not revisions:
        return (build_pass_through(observed.router, image),)
    if trigger.due is None:
        return ()
    router, now = observed.router, trigger.now
    return (begin_attempt(router, revisions, image, now, trigger.due),)


def _missing(
    observed: Observed, roles: RevisionRoles, trigger: RetrainingTrigger
) -> str:
    """Return what is missing while no revision is evaluated."""
    if roles.training is not None:
        number = roles.training.spec.revision
        error = observed.jobs.get(number, JobState()).start_error
        suffix = f", but one of its pods does not start: {error}" if error else ""
        return f"attempt {number} is in training{suffix}"
    if roles.candidate is not None:  # certified in this reconcile
        return f"revision {roles.candidate.spec.revision}: its pods are being created"
    return trigger.missing
