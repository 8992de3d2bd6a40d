"""The status of a router, from the results of all evaluations."""

from dataclasses import dataclass
from datetime import datetime

from tracer_core.contracts.policy import PolicyDocument
from tracer_core.stats.sequential.confidence_sequence import agreement_interval
from tracer_router.api import (
    Agreement,
    Percent,
    Phase,
    RevisionPhase,
    TraceCounts,
    TracerRevision,
    TracerRouter,
    TracerRouterStatus,
    Weight,
)
from tracer_router.planning.attempts.labeled_rows import count_labeled_rows
from tracer_router.planning.attempts.retraining import rows_needed
from tracer_router.planning.evidence.evidence import revision_total
from tracer_router.planning.rollout.promotion_criteria import current_weight
from tracer_router.planning.rollout.traffic_split import observed_share
from tracer_router.planning.state.commands import COMMAND_PREFIX, handled_ids
from tracer_router.planning.state.observed import Observed
from tracer_router.planning.state.roles import RevisionRoles, assign_roles
from tracer_router.planning.status.condition_state import set_conditions
from tracer_router.planning.status.conditions import assess_conditions
from tracer_router.planning.status.costs import (
    build_audit_status,
    build_savings_status,
    read_pod_meter,
)
from tracer_router.planning.status.history import fold_history, sum_counts
from tracer_router.savings.meter import measure_savings
from tracer_router.savings.pods import PodPrices

__all__ = ["StatusInputs", "build_status"]

_MAX_HANDLED_IDS = 100
_SERVING = {RevisionPhase.SHADOW, RevisionPhase.CANARY, RevisionPhase.LIVE}


@dataclass(frozen=True, slots=True)
class StatusInputs:
    """The results of one reconcile, as far as the status reports them."""

    revisions: tuple[TracerRevision, ...]
    """The revisions after their evaluation."""
    policy: PolicyDocument
    """The planned policy document."""
    missing: str
    """What is missing for the next step."""
    refused: tuple[str, ...] = ()
    """IDs of the requests that were refused."""


def build_status(
    observed: Observed, inputs: StatusInputs, prices: PodPrices, now: datetime
) -> TracerRouterStatus:
    """Return the whole status of a router."""
    router, revisions = observed.router, inputs.revisions
    roles = assign_roles(revisions)
    candidate = roles.candidate
    history = fold_history(observed, revisions)
    counts = sum_counts(history, revisions)
    meter = read_pod_meter(router.status.savings, observed.pods, prices, now)
    savings = measure_savings([counts], meter.cost)
    shown = _shown_revision(revisions, roles)
    states = assess_conditions(observed, revisions, roles, inputs.missing, now)
    generation = router.metadata.generation
    return TracerRouterStatus(
        observed_generation=generation or -1,
        phase=_phase(router, roles),
        conditions=set_conditions(router.status.conditions, states, generation, now),
        stable=roles.stable,
        candidate=candidate.spec.revision if candidate else None,
        weight=_weight(router, candidate, revisions),
        policy_generation=inputs.policy.generation,
        coverage=_coverage(shown),
        agreement=_agreement(shown),
        traces=TraceCounts(
            captured=counts.traces_written,
            dropped=counts.traces_dropped,
            labelled=count_labeled_rows(revisions, router.status.history),
            needed=rows_needed(router, revisions),
        ),
        next=inputs.missing or None,
        saved=str(savings),
        savings=build_savings_status(savings, meter, metered=bool(prices)),
        attempts=sum(found.spec.attempt is not None for found in revisions),
        barred=_blocked_bundles(router.status.barred, revisions),
        audit=build_audit_status(router, revisions, roles.stable),
        handled=_handled(router, revisions, inputs.refused),
        history=history,
    )


def _phase(router: TracerRouter, roles: RevisionRoles) -> Phase:
    if router.spec.suspend:
        return Phase.SUSPENDED
    if roles.candidate is not None:
        shadow = roles.candidate.status.phase is RevisionPhase.SHADOW
        return Phase.SHADOW if shadow else Phase.CANARY
    if roles.stable:
        return Phase.LIVE
    return Phase.TRAINING if roles.training is not None else Phase.COLLECTING


def _weight(
    router: TracerRouter,
    candidate: TracerRevision | None,
    revisions: tuple[TracerRevision, ...],
) -> Weight | None:
    if candidate is None:
        return None
    share = observed_share(candidate, revisions)
    return Weight(
        asked=current_weight(router, candidate),
        observed=None if share is None else round(share * 100),
    )


def _shown_revision(
    revisions: tuple[TracerRevision, ...], roles: RevisionRoles
) -> TracerRevision | None:
    """Return the revision whose coverage and agreement the status shows.

    This is the live revision; before the first one, the candidate. A later candidate
    has no audits at first, and the audits of the live revision are not its own.
    """
    stable = [found for found in revisions if found.spec.revision == roles.stable]
    return stable[0] if stable and roles.stable else roles.candidate


def _coverage(revision: TracerRevision | None) -> str | None:
    if revision is None or not revision.status.tasks:
        return None
    counts = revision_total(revision.status.evidence)
    if counts.requests:
        return str(Percent.from_fraction(counts.surrogate / counts.requests))
    return str(revision.status.tasks[0].certificate.coverage)


def _agreement(revision: TracerRevision | None) -> Agreement | None:
    if revision is None:
        return None
    names = {task.fingerprint for task in revision.status.tasks}
    counts = revision_total(revision.status.evidence)
    tasks = [task for task in counts.tasks if task.task in names]
    agreed = sum(task.audits_agreed for task in tasks)
    disagreed = sum(task.audits_disagreed for task in tasks)
    if agreed + disagreed == 0:
        return None
    low, high = agreement_interval(agreed, disagreed)
    return Agreement(
        estimate=Percent.from_fraction(agreed / (agreed + disagreed)),
        low=Percent.from_fraction(low),
        high=Percent.from_fraction(high),
        n=agreed + disagreed,
    )


def _blocked_bundles(
    before: tuple[str, ...], revisions: tuple[TracerRevision, ...]
) -> tuple[str, ...]:
    """Return the digests of the bundles that were rolled back and not retried."""
    rolled_back, serving = set(before), set()
    for revision in revisions:
        if revision.status.bundle is None:
            continue
        if revision.status.phase is RevisionPhase.ROLLED_BACK:
            rolled_back.add(revision.status.bundle.digest)
        elif revision.status.phase in _SERVING:
            serving.add(revision.status.bundle.digest)
    return tuple(sorted(rolled_back - serving))


def _handled(
    router: TracerRouter,
    revisions: tuple[TracerRevision, ...],
    refused: tuple[str, ...],
) -> tuple[str, ...]:
    """Return the IDs of the handled requests whose annotation still exists."""
    annotated = {
        name.removeprefix(COMMAND_PREFIX)
        for name in router.metadata.annotations
        if name.startswith(COMMAND_PREFIX)
    }
    handled = handled_ids(router, revisions) | set(refused)
    return tuple(sorted(annotated & handled))[-_MAX_HANDLED_IDS:]
