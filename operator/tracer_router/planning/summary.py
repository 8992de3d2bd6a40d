"""Folds the decisions into the status of the router."""

from datetime import datetime

from tracer_router.api import (
    Agreement,
    Condition,
    Counts,
    Percent,
    Phase,
    RevisionPhase,
    TraceCounts,
    TracerRevision,
    TracerRouterStatus,
    Weight,
)
from tracer_router.contracts.policy import PolicyDocument
from tracer_router.parity.interval import agreement_interval
from tracer_router.planning.conditions import assess_conditions, set_all
from tracer_router.planning.evidence import add_up, total
from tracer_router.planning.observed import Observed
from tracer_router.planning.roles import Roles
from tracer_router.planning.rollout import weight_of
from tracer_router.planning.training import labelled_rows, rows_needed
from tracer_router.resources.manifest import Manifest, ObjectKey, revision_name
from tracer_router.savings.meter import measure_savings

__all__ = ["summarise"]

_SERVED = {
    RevisionPhase.LIVE,
    RevisionPhase.CANARY,
    RevisionPhase.SUPERSEDED,
    RevisionPhase.ROLLED_BACK,
}


def summarise(
    observed: Observed,
    revisions: tuple[TracerRevision, ...],
    policy: PolicyDocument,
    missing: str,
    now: datetime,
    roles: Roles,
) -> TracerRouterStatus:
    """Give the router's whole status."""
    router = observed.router
    counts = add_up(total(each.status.evidence) for each in revisions)
    shown = _shown(revisions, roles)
    conditions = assess_conditions(observed, revisions, roles, missing)
    return TracerRouterStatus(
        observed_generation=router.metadata.generation or -1,
        phase=_phase(observed, roles),
        conditions=_ordered(set_all(router, conditions, now)),
        stable=roles.stable,
        candidate=roles.candidate.spec.revision if roles.candidate else None,
        weight=_weight(observed, roles),
        policy_generation=policy.generation,
        coverage=_coverage(shown),
        agreement=_agreement(shown),
        traces=TraceCounts(
            captured=counts.traces_written,
            dropped=counts.traces_dropped,
            labelled=labelled_rows(revisions),
            needed=rows_needed(router, revisions),
        ),
        next=missing or None,
        saved=str(measure_savings([counts])),
        attempts=sum(each.spec.attempt is not None for each in revisions),
        barred=_barred(router.status.barred, revisions),
    )


def _shown(
    revisions: tuple[TracerRevision, ...], roles: Roles
) -> TracerRevision | None:
    if roles.candidate is not None:
        return roles.candidate
    live = [each for each in revisions if each.spec.revision == roles.stable]
    return live[0] if live and roles.stable else None


def _phase(observed: Observed, roles: Roles) -> Phase:
    if observed.router.spec.suspend:
        return Phase.SUSPENDED
    if roles.candidate is not None:
        return Phase.CANARY
    if roles.stable:
        return Phase.LIVE
    return Phase.TRAINING if roles.training is not None else Phase.COLLECTING


def _ordered(conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
    return tuple(sorted(conditions, key=lambda each: each.type))


def _weight(observed: Observed, roles: Roles) -> Weight | None:
    if roles.candidate is None:
        return None
    asked = weight_of(observed.router, roles.candidate)
    key = ObjectKey("HTTPRoute", observed.router.metadata.name)
    route = observed.children.get(key)
    name = revision_name(observed.router, roles.candidate.spec.revision)
    return Weight(asked=asked, observed=_programmed(route, name) if route else None)


def _programmed(route: Manifest, name: str) -> int | None:
    backends = route["spec"]["rules"][0]["backendRefs"]
    return next((each["weight"] for each in backends if each["name"] == name), None)


def _certified_counts(revision: TracerRevision) -> Counts:
    names = {task.fingerprint for task in revision.status.tasks}
    counts = total(revision.status.evidence)
    tasks = tuple(each for each in counts.tasks if each.task in names)
    return counts.model_copy(update={"tasks": tasks})


def _coverage(revision: TracerRevision | None) -> str | None:
    if revision is None or not revision.status.tasks:
        return None
    counts = total(revision.status.evidence)
    if counts.requests:
        return str(Percent.of(counts.surrogate / counts.requests))
    return str(revision.status.tasks[0].certificate.coverage)


def _agreement(revision: TracerRevision | None) -> Agreement | None:
    if revision is None:
        return None
    tasks = _certified_counts(revision).tasks
    agreed = sum(each.audits_agreed for each in tasks)
    disagreed = sum(each.audits_disagreed for each in tasks)
    if agreed + disagreed == 0:
        return None
    low, high = agreement_interval(agreed, disagreed)
    return Agreement(
        estimate=Percent.of(agreed / (agreed + disagreed)),
        low=Percent.of(low),
        high=Percent.of(high),
        n=agreed + disagreed,
    )


def _barred(
    before: tuple[str, ...], revisions: tuple[TracerRevision, ...]
) -> tuple[str, ...]:
    fallen = {
        each.status.bundle.digest
        for each in revisions
        if each.status.phase is RevisionPhase.ROLLED_BACK and each.status.bundle
    }
    return tuple(sorted({*before, *fallen}))
